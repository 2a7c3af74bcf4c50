// What went wrong, in words: never a raw answer.

import { el } from './dom.js';
import { todo, what } from './reason.js';
import { t, word } from './texts.js';

/** A box that tells of a fault, with what to do about it. */
export function faultBox(fault) {
  const isKnown = fault.status !== undefined;
  if (!isKnown) console.error(fault);
  return el('div', { class: 'fault', role: 'alert', tabindex: '-1' },
    el('p', null, el('strong', null, textOf(fault, isKnown))),
    isKnown && fault.hint ? el('p', null, t('todo'), ' ', fault.isOurs ? fault.hint : todo(fault.code, fault.hint)) : null,
    isKnown && fault.problems.length > 0 ? problemList(fault.problems) : null);
}

function textOf(fault, isKnown) {
  if (!isKnown) return t('fault.bug');
  return fault.isOurs ? fault.message : what(fault.code, fault.message);
}

/** Something that is not filled in: said like a fault of the API, in the same place. */
export function missing(key) {
  return Object.assign(new Error(t(key)), { status: 0, isOurs: true, hint: null, problems: [] });
}

/** Problems, each with what to do about it. */
export function problemList(problems) {
  return el('ul', { class: 'problems' }, problems.map((problem) => el('li', null,
    el('strong', null, word('effect', problem.effect)), ' ',
    what(problem.reason, problem.text),
    problem.place ? ` (${problem.place})` : null,
    problem.hint ? el('span', { class: 'hint' }, ' ', t('todo'), ' ', todo(problem.reason, problem.hint)) : null)));
}

/** Why something is so, or was not done, and what to do about it. */
export function reasonText({ code, text, hint }) {
  return [what(code, text), t('reason.end'), t('todo'), ' ', todo(code, hint)];
}

// What went wrong, in words: never a raw answer.

import { el } from './dom.js';
import { locale, t, word } from './texts.js';

/** A box that tells of a fault, with what to do about it. */
export function faultBox(fault) {
  if (fault.status === undefined) console.error(fault);
  const known = fault.status !== undefined;
  const text = known ? fault.message : t('fault.bug');
  return el('div', { class: 'fault', role: 'alert', tabindex: '-1' },
    sentence(text),
    known && fault.hint ? el('p', null, t('todo'), ' ', english(fault.hint)) : null,
    known && fault.problems.length > 0 ? problemList(fault.problems) : null);
}

/** Problems, each with what to do about it. */
export function problemList(problems) {
  return el('ul', { class: 'problems' }, problems.map((problem) => el('li', null,
    el('strong', null, word('effect', problem.effect)), ' ',
    english(problem.text),
    problem.place ? ` (${problem.place})` : null,
    problem.hint ? el('span', { class: 'hint' }, ' ', t('todo'), ' ', english(problem.hint)) : null)));
}

/** The reasons of the API are in English, whatever the page is in. */
export function english(text) {
  return el('span', { lang: locale === 'en' ? null : 'en' }, text);
}

function sentence(text) {
  return el('p', null, el('strong', null, english(text)));
}

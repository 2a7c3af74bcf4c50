// What came of a change, or would come of it, in words.

import { el } from './dom.js';
import { problemList, reasonText } from './fault.js';
import { stateBadge } from './state.js';
import { count, t, word } from './texts.js';

/** What it means for each domain. */
export function outcomeList(outcome) {
  const domains = outcome.domains.map((change) => el('li', { 'data-domain': change.name },
    el('strong', null, change.name), ' ',
    el('span', { class: `result ${isDone(change) ? 'done' : 'not-done'}` }, word('result', change.result)),
    served(change),
    change.leaving > 0 ? el('p', { class: 'warning' }, count('leaving', change.leaving)) : null,
    change.reason ? el('p', { class: 'hint' }, reasonText(change.reason)) : null));
  return [
    domains.length > 0 ? el('ul', { class: 'outcome' }, domains) : el('p', null, t('outcome.no_domains')),
    outcome.problems.length > 0 ? el('h3', null, t('problems')) : null,
    outcome.problems.length > 0 ? problemList(outcome.problems) : null,
  ].filter(Boolean);
}

/** How many domains it was done to, and to how many not. */
export function outcomeSummary(outcome) {
  const done = outcome.domains.filter(isDone).length;
  const left = outcome.domains.length - done;
  return [count('outcome.done', done), left > 0 ? count('outcome.left', left) : null].filter(Boolean).join(' ');
}

/** The viewers who have to leave. */
export function leaving(outcome) {
  return outcome.domains.reduce((sum, change) => sum + change.leaving, 0);
}

/** The domains that have HTTPS, and have it no more. */
export function losing(outcome) {
  return outcome.domains.filter(({ before, after }) => before?.state === 'serving' && after?.state !== 'serving');
}

export function isDone(change) {
  return !['mismatched', 'unknown_domain', 'refused'].includes(change.result);
}

function served({ before, after }) {
  if (before && after && before.state !== after.state) {
    return el('span', { class: 'served' }, ' ', stateBadge(before.state), ' → ', stateBadge(after.state));
  }
  const now = after ?? before;
  return now ? el('span', { class: 'served' }, ' ', stateBadge(now.state)) : null;
}

// The line above everything: how the process is, and what is wrong anywhere.

import { get } from './api.js';
import { el } from './dom.js';
import { problemList } from './fault.js';
import { STATES } from './state.js';
import { count, moment, number, t, word } from './texts.js';

const REFRESH = 5_000;
const MOST_SHOWN = 50;

export function overview(failed) {
  const text = el('p', { class: 'figures' });
  const summary = el('summary');
  const list = el('div');
  const problems = el('details', { hidden: true }, summary, list);
  const element = el('section', { class: 'overview', 'aria-label': t('overview') }, text, problems);
  let shown = '';
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const status = await get('/status');
      text.textContent = figures(status);
      const now = JSON.stringify(status.problems);
      if (now === shown) return;
      shown = now;
      problems.hidden = status.problems.total === 0;
      summary.textContent = count('overview.problems', status.problems.total);
      list.replaceChildren(problemList(status.problems.first.slice(0, MOST_SHOWN)));
    } catch (fault) {
      failed(fault);
    }
  };
  refresh();
  const timer = setInterval(refresh, REFRESH);
  return { element, stop: () => clearInterval(timer) };
}

function figures({ domains, certificates, generation, since, version }) {
  const states = STATES.filter((state) => domains[state] > 0)
    .map((state) => `${number(domains[state])} ${word('state', state)}`);
  return [
    count('overview.domains', domains.total), ...states, count('overview.certificates', certificates),
    t('overview.generation', { generation, since: since ? moment(since) : '' }), `Lockgate ${version}`,
  ].join(' · ');
}

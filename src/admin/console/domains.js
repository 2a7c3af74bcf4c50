// The playback domains.

import { button, el } from './dom.js';
import { addDomain, editDomain } from './domain-form.js';
import { removeDomain } from './domain-removal.js';
import { problemList } from './fault.js';
import { configure } from './configure.js';
import { hstsNote } from './hsts.js';
import { httpsSwitch } from './https-switch.js';
import { List } from './list.js';
import { STATES, expiry, stateBadge } from './state.js';
import { date, number, t, word } from './texts.js';

export function domainsView({ canChange, failed }) {
  const list = new List({
    path: '/domains',
    caption: t('domains'),
    search: t('domains.search'),
    states: [...STATES, 'quarantined'].map((state) => [state, word('state', state)]),
    columns: columns(canChange, () => list.refresh()),
    // Each answer moves the end of HSTS on; the row shows the day alone.
    signature: ({ viewers, proof, hsts_until: until, ...rest }) => [rest, until && date(until)],
    live: (domain) => number(domain.viewers),
    failed,
  });
  const changed = () => list.refresh();
  const tools = canChange ? el('div', { class: 'tools' },
    button(t('configure'), () => configure(changed), { class: 'primary' }),
    button(t('domain.add'), () => addDomain(changed))) : null;
  const element = el('section', { 'aria-labelledby': 'view-title' },
    el('div', { class: 'heading' }, el('h2', { id: 'view-title', tabindex: '-1' }, t('domains')), tools),
    list.element);
  list.refresh();
  return { element, stop: () => list.stop() };
}

function columns(canChange, changed) {
  return [
    [t('name'), name],
    [t('certificate'), certificate],
    [t('https'), (domain) => [httpsSwitch(domain, canChange, changed), hstsNote(domain)]],
    [t('state'), (domain) => stateBadge(domain.state)],
    [t('expires'), (domain) => expiry(domain.not_after, domain.days_left)],
    [t('viewers'), () => el('span', { class: 'live' })],
    [t('problems'), problems],
    ...(canChange ? [[t('actions'), (domain) => actions(domain, changed)]] : []),
  ];
}

function name(domain) {
  return [
    el('span', { class: 'name' }, domain.name),
    domain.remarks ? el('span', { class: 'remarks' }, domain.remarks) : null,
  ];
}

function certificate(domain) {
  if (!domain.certificate) return el('span', { class: 'muted' }, t(domain.binding === 'auto' ? 'auto' : 'none'));
  return [domain.certificate, domain.binding === 'auto' ? ` (${t('auto')})` : null];
}

function problems(domain) {
  const found = [...domain.problems];
  const differs = domain.proof?.result === 'mismatch';
  if (found.length === 0 && !differs) return el('span', { class: 'muted' }, t('none'));
  return [
    differs ? el('p', { class: 'warning' }, t('differs')) : null,
    found.length > 0 ? problemList(found) : null,
  ];
}

function actions(domain, changed) {
  const { name } = domain;
  return el('div', { class: 'actions' },
    button(t('edit'), () => editDomain(name, changed), {
      'aria-label': t('edit.of', { name }), 'data-key': `edit ${name}`,
    }),
    button(t('remove'), () => removeDomain(name, changed), {
      'aria-label': t('remove.of', { name }), 'data-key': `remove ${name}`,
    }));
}

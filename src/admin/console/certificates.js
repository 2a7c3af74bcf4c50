// The certificates in use.

import { deleteCertificate, updateCertificate } from './certificate-change.js';
import { excerpt } from './certificate-facts.js';
import { configure } from './configure.js';
import { button, el } from './dom.js';
import { problemList } from './fault.js';
import { showHistory } from './history.js';
import { List } from './list.js';
import { expiry, fingerprint } from './state.js';
import { t } from './texts.js';

const NAMES_SHOWN = 3;

export function certificatesView({ canChange, failed }) {
  const element = el('section', { 'aria-labelledby': 'view-title' });
  const list = new List({
    path: '/certificates',
    caption: t('certificates'),
    search: t('certificates.search'),
    columns: columns(canChange, () => list.refresh()),
    failed,
  });
  const tools = canChange ? el('div', { class: 'tools' },
    button(t('configure'), () => configure(() => list.refresh()), { class: 'primary' })) : null;
  element.append(
    el('div', { class: 'heading' }, el('h2', { id: 'view-title', tabindex: '-1' }, t('certificates')), ...[tools].filter(Boolean)),
    list.element);
  list.refresh();
  return { element, stop: () => list.stop() };
}

function columns(canChange, changed) {
  return [
    [t('name'), ({ name, remarks }) => [
      el('span', { class: 'name' }, name),
      remarks ? el('span', { class: 'remarks' }, remarks) : null,
    ]],
    [t('names'), ({ names }) => excerpt(names, NAMES_SHOWN)],
    [t('expires'), ({ pairs }) => pairs.map((pair) => el('div', null, expiry(pair.not_after, pair.days_left)))],
    [t('domains.bound'), ({ domains }) => excerpt(domains, NAMES_SHOWN)],
    [t('fingerprint'), ({ pairs }) => pairs.map((pair) => el('div', null,
      pair.key.toUpperCase(), ' ', fingerprint(pair.fingerprint)))],
    [t('problems'), ({ problems }) => (problems.length > 0
      ? problemList(problems) : el('span', { class: 'muted' }, t('none')))],
    [t('actions'), (certificate) => actions(certificate, canChange, changed)],
  ];
}

function actions(certificate, canChange, changed) {
  const { name } = certificate;
  const action = (key, act) => button(t(key), act, {
    'aria-label': t(`${key}.of`, { name }), 'data-key': `${key} ${name}`,
  });
  return el('div', { class: 'actions' },
    canChange ? action('update', () => updateCertificate(certificate, changed)) : null,
    canChange ? action('delete', () => deleteCertificate(certificate, changed)) : null,
    action('history', ({ target }) => showHistory(certificate, target, canChange, changed)));
}

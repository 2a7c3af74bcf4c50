// What a certificate is: its names, its end and its fingerprint.

import { change, get, path } from './api.js';
import { el } from './dom.js';
import { reasonText } from './fault.js';
import { expiry, fingerprint } from './state.js';
import { count, t } from './texts.js';

const NAMES_SHOWN = 10;

/** Of what is about to be bound: of a certificate that is there, or of pairs that were handed in. */
export async function factsOf({ certificate, pairs }) {
  if (!pairs) {
    const { names, ...rest } = await get(path('certificates', certificate));
    return { ...rest, names, notes: [] };
  }
  const { names, ...rest } = await change('POST', '/certificates/inspect', { pairs });
  return { ...rest, names: { total: names.length, first: names } };
}

export function factsList({ pairs, names, notes }) {
  return el('dl', { class: 'facts' },
    fact(t('names'), excerpt(names, NAMES_SHOWN)),
    pairs.map((pair) => [
      fact(t('expires'), expiry(pair.not_after, pair.days_left)),
      fact(t('fingerprint'), [pair.key.toUpperCase(), ' ', fingerprint(pair.fingerprint)]),
    ]),
    notes.map((note) => fact(t('note'), reasonText(note), 'warning')));
}

/** The first few of a list, and how many more there are. */
export function excerpt({ total, first }, most) {
  if (total === 0) return el('span', { class: 'muted' }, t('none'));
  const shown = first.slice(0, most);
  const more = total - shown.length;
  return shown.join(', ') + (more > 0 ? ` ${count('more', more)}` : '');
}

function fact(name, value, kind = null) {
  return [el('dt', null, name), el('dd', { class: kind }, value)];
}

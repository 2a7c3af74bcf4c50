// States and ends in words, with a colour beside them.

import { el } from './dom.js';
import { count, date, moment, t, word } from './texts.js';

export const STATES = ['serving', 'off', 'unbound', 'expired', 'unusable'];

// Fewer days than these are worth a colour.
const SOON = 15;
const VERY_SOON = 3;

export function stateBadge(state) {
  return el('span', { class: `badge ${state}` }, word('state', state));
}

/** When a certificate ends, and how long that is from now. */
export function expiry(notAfter, daysLeft) {
  if (!notAfter) return el('span', { class: 'muted' }, t('none'));
  return el('span', { class: `expiry ${urgency(daysLeft)}`, title: moment(notAfter) },
    date(notAfter), ' ', el('span', { class: 'days' }, daysText(daysLeft)));
}

function urgency(daysLeft) {
  if (daysLeft < VERY_SOON) return 'critical';
  return daysLeft < SOON ? 'soon' : 'fine';
}

function daysText(daysLeft) {
  return daysLeft < 0 ? t('expired') : count('days', daysLeft);
}

/** A fingerprint, shortened; the whole of it where it is focused or pointed at. */
export function fingerprint(hex) {
  return el('span', { class: 'fingerprint', tabindex: '0', 'aria-label': t('fingerprint.of', { hex }), role: 'img' },
    el('span', { class: 'short' }, `${hex.slice(0, 12)}…`),
    el('span', { class: 'full' }, hex));
}

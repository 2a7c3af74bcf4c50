// What browsers are told of HTTPS (HSTS), and up to when they hold to it.

import { check, el, field } from './dom.js';
import { date, moment, t } from './texts.js';

/** What a domain's row says of it. */
export function hstsNote({ hsts, hsts_until: until, state }) {
  if (until) return note(t('hsts.until', { date: date(until) }));
  const isTold = state === 'serving' && hsts?.max_age > 0;
  return isTold ? note(t('hsts.on')) : null;
}

function note(text) {
  return el('span', { class: 'remarks hsts' }, text);
}

/** The key `hsts` of a domain's table. */
export class HstsFields {
  #before;

  constructor({ hsts, hsts_until: until }) {
    this.maxAge = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', value: hsts ? duration(hsts.max_age) : '' });
    this.subdomains = check(t('hsts.subdomains'), { checked: hsts?.include_subdomains ?? false });
    const follow = () => { this.subdomains.element.hidden = this.read() === null; };
    this.maxAge.addEventListener('input', follow);
    follow();
    this.#before = JSON.stringify(this.read());
    this.element = el('div', null,
      field(t('hsts'), this.maxAge, t('hsts.hint')), this.subdomains.element,
      until ? el('p', { class: 'hint' }, t('hsts.holds', { time: moment(until) })) : null);
  }

  get isChanged() {
    return JSON.stringify(this.read()) !== this.#before;
  }

  /** As the API takes it; what is false by default is left out of the file. */
  read() {
    const maxAge = this.maxAge.value.trim();
    return maxAge ? { max_age: maxAge, include_subdomains: this.subdomains.box.checked || null } : null;
  }
}

const UNITS = [['d', 86_400], ['h', 3_600], ['m', 60]];

/** A length of time as the file has it, in the largest unit that makes it a whole number. */
function duration(seconds) {
  const [unit, length] = UNITS.find(([, length]) => seconds > 0 && seconds % length === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}

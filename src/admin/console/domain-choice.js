// Step two of configuring: the domains. Those that the certificate is valid for come first.

import { change, get } from './api.js';
import { button, check, el, field } from './dom.js';
import { isDone } from './outcome.js';
import { what } from './reason.js';
import { stateBadge } from './state.js';
import { count, t } from './texts.js';

// More rows than these help nobody; the search finds the others.
const MOST_SHOWN = 200;
const PART = 1_000;
// With names of the greatest length, a request stays below 1 MiB.
const MOST_IN_REQUEST = 3_000;

/** All domains, each with whether a certificate is valid for it: the API says so, not we. */
export async function domainsFor({ body, isNew }) {
  const domains = await allDomains();
  // Without domains, it is still said what is wrong with the certificate.
  for (let first = 0; first === 0 || first < domains.length; first += MOST_IN_REQUEST) {
    const part = domains.slice(first, first + MOST_IN_REQUEST);
    const asked = { ...body, domains: part.map(({ name }) => name), https: 'keep' };
    const outcome = await change('POST', '/bindings', asked, { dryRun: true, isNew });
    const results = new Map(outcome.domains.map((it) => [it.name, it]));
    part.forEach((domain) => { domain.result = results.get(domain.name); });
  }
  return domains.filter(({ result }) => result);
}

async function allDomains() {
  const domains = [];
  for (let after = ''; after !== null;) {
    const page = await get(`/domains?limit=${PART}&after=${encodeURIComponent(after)}`);
    domains.push(...page.items.map(({ name, https, state, certificate }) => ({ name, https, state, certificate })));
    after = page.next;
  }
  return domains;
}

export class DomainChoice {
  #matching;
  #others;
  #chosen = new Set();

  constructor(domains) {
    this.#matching = domains.filter(({ result }) => isDone(result));
    this.#others = domains.filter(({ result }) => !isDone(result));
    this.search = el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
    this.search.addEventListener('input', () => this.#show());
    this.https = check(t('https.enable'), { checked: true });
    this.count = el('p', { 'aria-live': 'polite', class: 'hint' });
    this.matching = el('ul', { class: 'choices' });
    this.others = el('ul', { class: 'choices' });
    const hasOthers = this.#others.length > 0;
    this.element = el('div', null,
      el('div', { class: 'switch-row' }, this.https.element, el('p', { class: 'hint' }, t('https.enable.hint'))),
      field(t('domains.search'), this.search),
      el('h3', null, t('choice.matching')),
      el('div', { class: 'tools' },
        button(t('choice.all'), () => this.#choose(true)), button(t('choice.none'), () => this.#choose(false))),
      this.count, this.matching,
      hasOthers ? el('h3', null, t('choice.mismatched')) : null, hasOthers ? this.others : null);
    this.#show();
  }

  /** What the API has to be told of it. */
  read() {
    return { domains: [...this.#chosen], https: this.https.box.checked ? 'on' : 'keep' };
  }

  #choose(all) {
    const found = this.#found(this.#matching);
    found.forEach(({ name }) => (all ? this.#chosen.add(name) : this.#chosen.delete(name)));
    this.#show();
  }

  #found(domains) {
    const text = this.search.value.trim().toLowerCase();
    return domains.filter(({ name }) => name.includes(text));
  }

  #show() {
    fill(this.matching, this.#found(this.#matching), (domain) => this.#row(domain));
    fill(this.others, this.#found(this.#others), mismatchedRow);
    this.#count();
  }

  #row(domain) {
    const { name } = domain;
    const row = check(name, {
      checked: this.#chosen.has(name),
      onchange: ({ target }) => {
        if (target.checked) this.#chosen.add(name);
        else this.#chosen.delete(name);
        this.#count();
      },
    });
    return el('li', null, row.element, present(domain));
  }

  #count() {
    this.count.textContent = count('choice.count', this.#chosen.size);
  }
}

function mismatchedRow(domain) {
  const { element } = check(domain.name, { disabled: true });
  const { reason } = domain.result;
  return el('li', { class: 'mismatched' }, element, present(domain),
    el('p', { class: 'hint' }, domain.result.result === 'mismatched' ? [t('mismatched'), ' '] : null, what(reason.code, reason.text)));
}

function present({ state, https, certificate }) {
  return el('span', { class: 'present' },
    stateBadge(state), ' ', t(https ? 'https.is_on' : 'https.is_off'), certificate ? ` · ${certificate}` : null);
}

function fill(list, domains, row) {
  const rows = domains.slice(0, MOST_SHOWN).map(row);
  const more = domains.length - rows.length;
  if (more > 0) rows.push(el('li', { class: 'hint' }, count('choice.more', more)));
  if (domains.length === 0) rows.push(el('li', { class: 'hint' }, t('list.empty')));
  list.replaceChildren(...rows);
}

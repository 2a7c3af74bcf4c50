// Who changed what, the newest first, followed as it happens.

import { get } from './api.js';
import { excerpt } from './certificate-facts.js';
import { button, el, field } from './dom.js';
import { faultBox } from './fault.js';
import { titled } from './reason.js';
import { moment, t, word } from './texts.js';

const PART = 50;
// So many new changes between two looks are rather shown from the beginning.
const MOST_PARTS = 4;
const REFRESH = 5_000;
const TYPING = 250;

export function auditView({ failed }) {
  const view = new Audit(failed);
  view.restart();
  return { element: view.element, stop: () => view.stop() };
}

class Audit {
  #failed;
  #next = '';
  #newest = null;
  #asked = 0;
  #isLoading = false;
  #follow = () => { if (!document.hidden) this.#refresh(); };

  constructor(failed) {
    this.#failed = failed;
    this.search = el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
    this.search.addEventListener('input', () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.restart(), TYPING);
    });
    this.said = el('div', { 'aria-live': 'polite' });
    this.list = el('ul', { class: 'outcome' });
    this.more = button(t('audit.more'), () => this.#load(), { hidden: true });
    this.element = el('section', { 'aria-labelledby': 'view-title', class: 'audit' },
      el('h2', { id: 'view-title', tabindex: '-1' }, t('audit')),
      field(t('audit.search'), this.search), this.said, this.list, this.more);
    this.timer = setInterval(this.#follow, REFRESH);
    document.addEventListener('visibilitychange', this.#follow);
  }

  stop() {
    clearInterval(this.timer);
    clearTimeout(this.typing);
    document.removeEventListener('visibilitychange', this.#follow);
  }

  restart() {
    this.#next = '';
    return this.#load();
  }

  async #load() {
    this.#asked += 1;
    const asked = this.#asked;
    const isFirst = this.#next === '';
    this.#isLoading = true;
    await this.#try(async () => {
      const part = await this.#part(this.#next);
      if (asked !== this.#asked) return;
      if (isFirst) {
        this.list.replaceChildren();
        this.#newest = part.items[0]?.id ?? null;
      }
      this.list.append(...part.items.map(entry));
      this.#next = part.next;
      this.more.hidden = part.next === null;
      this.#tellWhetherEmpty();
    });
    if (asked === this.#asked) this.#isLoading = false;
  }

  /** Puts what is new above the rest. Whatever somebody loads meanwhile comes first. */
  async #refresh() {
    if (this.#isLoading) return;
    const asked = this.#asked;
    await this.#try(async () => {
      const fresh = await this.#fresh();
      if (asked !== this.#asked) return;
      if (fresh === null) {
        this.restart();
        return;
      }
      if (fresh.length > 0) {
        this.#newest = fresh[0].id;
        this.#keepPlace(() => this.list.prepend(...fresh.map(entry)));
      }
      this.#tellWhetherEmpty();
    });
  }

  /** The changes since the newest one that is shown; null where they are too many. */
  async #fresh() {
    const fresh = [];
    for (let after = '', parts = 0; parts < MOST_PARTS; parts += 1) {
      const { items, next } = await this.#part(after);
      const known = items.findIndex(({ id }) => this.#newest !== null && id <= this.#newest);
      fresh.push(...(known < 0 ? items : items.slice(0, known)));
      if (known >= 0 || next === null) return fresh;
      after = next;
    }
    return null;
  }

  #part(after) {
    const filter = encodeURIComponent(this.search.value.trim());
    return get(`/audit?limit=${PART}&after=${encodeURIComponent(after)}&filter=${filter}`);
  }

  async #try(act) {
    try {
      await act();
    } catch (fault) {
      if (!this.#failed(fault)) this.said.replaceChildren(faultBox(fault));
    }
  }

  // What somebody reads stays where it is; at the top of the list, what is new moves it down.
  #keepPlace(act) {
    const place = this.#anchor();
    const before = place?.getBoundingClientRect().top;
    act();
    if (place) window.scrollBy(0, place.getBoundingClientRect().top - before);
  }

  #anchor() {
    if (document.activeElement === this.more) return this.more;
    const isBegun = this.list.getBoundingClientRect().top < 0;
    return isBegun ? [...this.list.children].find((it) => it.getBoundingClientRect().bottom > 0) : undefined;
  }

  #tellWhetherEmpty() {
    const text = this.list.children.length === 0 ? t('list.empty') : '';
    // What stands there already is not said again.
    if (this.said.textContent !== text) this.said.replaceChildren(...(text ? [el('p', null, text)] : []));
  }
}

function entry(audit) {
  const { by, result, code } = audit;
  return el('li', null,
    el('strong', null, moment(audit.time)), ' ',
    el('span', { class: `result ${result === 'refused' ? 'not-done' : 'done'}` }, word('audit', result)), ' ',
    [word('way', by.way), by.operation, by.subject, by.role, by.peer, code && titled(code)].filter(Boolean).join(' · '),
    el('p', { class: 'hint' }, changes(audit)));
}

function changes(audit) {
  return [
    ['audit.touched', { total: audit.touched.total, first: audit.touched.first.map(({ name }) => name) }],
    ['audit.certificates', { total: audit.certificates.total, first: audit.certificates.first.map(({ name }) => name) }],
    ['audit.remarks', audit.remarks],
    ['audit.added', audit.domains_added],
    ['audit.changed', audit.domains_changed],
    ['audit.removed', audit.domains_removed],
    ['audit.problems', shortly(audit.problems)],
    ['audit.recovered', shortly(audit.recovered)],
  ].filter(([, { total }]) => total > 0).map(([key, list]) => `${t(key)} ${excerpt(list)}`).join('; ');
}

function shortly({ total, first }) {
  return { total, first: first.map(({ name, reason }) => `${name} (${titled(reason)})`) };
}

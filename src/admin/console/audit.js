// Who changed what, the newest first.

import { get } from './api.js';
import { button, el, field } from './dom.js';
import { faultBox } from './fault.js';
import { count, moment, t, word } from './texts.js';

const PART = 50;
const TYPING = 250;

export function auditView({ failed }) {
  const view = new Audit(failed);
  view.restart();
  return { element: view.element, stop: () => {} };
}

class Audit {
  #failed;
  #next = '';
  #asked = 0;

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
    this.element = el('section', { 'aria-labelledby': 'view-title' },
      el('h2', { id: 'view-title', tabindex: '-1' }, t('audit')),
      field(t('audit.search'), this.search), this.said, this.list, this.more);
  }

  restart() {
    this.#next = '';
    return this.#load();
  }

  async #load() {
    this.#asked += 1;
    const asked = this.#asked;
    const isFirst = this.#next === '';
    try {
      const part = await get(`/audit?limit=${PART}&after=${encodeURIComponent(this.#next)}&filter=${encodeURIComponent(this.search.value.trim())}`);
      if (asked !== this.#asked) return;
      if (isFirst) this.list.replaceChildren();
      this.list.append(...part.items.map(entry));
      this.#next = part.next;
      this.more.hidden = part.next === null;
      this.said.replaceChildren(...(this.list.children.length === 0 ? [el('p', null, t('list.empty'))] : []));
    } catch (fault) {
      if (!this.#failed(fault)) this.said.replaceChildren(faultBox(fault));
    }
  }
}

function entry(audit) {
  const { by, result, code } = audit;
  return el('li', null,
    el('strong', null, moment(audit.time)), ' ',
    el('span', { class: `result ${result === 'refused' ? 'not-done' : 'done'}` }, word('audit', result)), ' ',
    [word('way', by.way), by.operation, by.subject, by.role, by.peer, code].filter(Boolean).join(' · '),
    el('p', { class: 'hint' }, changes(audit)));
}

function changes(audit) {
  return [
    ['audit.touched', { total: audit.touched.total, first: audit.touched.first.map(({ name }) => name) }],
    ['audit.certificates', { total: audit.certificates.total, first: audit.certificates.first.map(({ name }) => name) }],
    ['audit.added', audit.domains_added],
    ['audit.changed', audit.domains_changed],
    ['audit.removed', audit.domains_removed],
    ['audit.problems', shortly(audit.problems)],
    ['audit.recovered', shortly(audit.recovered)],
  ].filter(([, { total }]) => total > 0).map(([key, list]) => `${t(key)} ${excerpt(list)}`).join('; ');
}

function shortly({ total, first }) {
  return { total, first: first.map(({ name, reason }) => `${name} (${reason})`) };
}

function excerpt({ total, first }) {
  const more = total - first.length;
  return first.join(', ') + (more > 0 ? ` ${count('more', more)}` : '');
}

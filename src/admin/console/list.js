// A list in parts: search, filter, paging, and what changes shown as it changes.

import { get } from './api.js';
import { button, el, field, select } from './dom.js';
import { faultBox } from './fault.js';
import { number, t } from './texts.js';

const PAGE = 100;
const REFRESH = 5_000;
const TYPING = 250;

/**
 * `path` is asked for, `columns` are `[text, cell(item)]`, and `live(item)` is the text of the
 * cell `.live`, which changes all the time. `states` is a filter, as `[word, text]`.
 */
export class List {
  #options;
  #rows = new Map();
  #before = [];
  #after = '';
  #next = null;
  #timer = null;
  #asked = 0;

  constructor(options) {
    this.#options = options;
    this.#build();
    this.#visible = () => { if (!document.hidden) this.refresh(); };
    document.addEventListener('visibilitychange', this.#visible);
    this.#timer = setInterval(this.#visible, REFRESH);
  }

  #visible;

  stop() {
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#visible);
  }

  #build() {
    const { columns, states, search, caption } = this.#options;
    this.search = el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
    this.search.addEventListener('input', () => this.#typed());
    this.state = states && select([['', t('all')], ...states], '');
    this.state?.addEventListener('change', () => this.#restart());
    this.sort = select([['name', t('sort.name')], ['expiry', t('sort.expiry')]], 'name');
    this.sort.addEventListener('change', () => this.#restart());
    this.body = el('tbody', { role: 'rowgroup' });
    this.table = el('table', { role: 'table' },
      el('caption', { class: 'unseen' }, caption),
      el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, columns.map(([text]) =>
        el('th', { scope: 'col', role: 'columnheader' }, text)))),
      this.body);
    this.said = el('div', { class: 'said', 'aria-live': 'polite' });
    this.previousButton = button(t('previous'), () => this.#back(), { disabled: true });
    this.nextButton = button(t('next'), () => this.#forward(), { disabled: true });
    this.shown = el('span', { class: 'shown', 'aria-live': 'polite' });
    this.element = el('div', null,
      el('div', { class: 'filters', role: 'search' }, field(search, this.search),
        this.state ? field(t('state'), this.state) : null, field(t('sort'), this.sort)),
      this.said,
      this.table,
      el('nav', { class: 'pager', 'aria-label': t('pages') }, this.previousButton, this.shown, this.nextButton));
  }

  #typed() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.#restart(), TYPING);
  }

  #restart() {
    this.#before = [];
    this.#after = '';
    return this.refresh();
  }

  #back() {
    this.#after = this.#before.pop() ?? '';
    return this.refresh();
  }

  #forward() {
    if (this.#next === null) return this.refresh();
    this.#before.push(this.#after);
    this.#after = this.#next;
    return this.refresh();
  }

  /** Asks anew; an answer that another one has overtaken is not shown. */
  async refresh() {
    this.#asked += 1;
    const asked = this.#asked;
    try {
      const page = await get(`${this.#options.path}?${this.#query()}`);
      if (asked !== this.#asked) return;
      this.said.replaceChildren();
      this.#show(page);
    } catch (fault) {
      if (this.#options.failed?.(fault)) return;
      if (asked === this.#asked) this.said.replaceChildren(faultBox(fault));
    }
  }

  #query() {
    const query = new URLSearchParams({ limit: PAGE, sort: this.sort.value });
    if (this.#after) query.set('after', this.#after);
    if (this.search.value.trim()) query.set('filter', this.search.value.trim());
    if (this.state?.value) query.set('state', this.state.value);
    // The API reads `+` as it stands.
    return query.toString().replaceAll('+', '%20');
  }

  #show(page) {
    this.#next = page.next;
    const rows = new Map();
    const elements = page.items.map((item) => {
      const row = this.#rowOf(item);
      rows.set(item.name, row);
      return row.element;
    });
    this.#place(elements);
    this.#rows = rows;
    this.#tellPosition(page);
  }

  #rowOf(item) {
    const { columns, live, signature } = this.#options;
    const before = this.#rows.get(item.name);
    const now = JSON.stringify(signature ? signature(item) : item);
    const row = before?.signature === now ? before : { signature: now, element: this.#draw(item, columns) };
    const cell = row.element.querySelector('.live');
    const text = live?.(item);
    if (cell && cell.textContent !== text) cell.textContent = text;
    return row;
  }

  #draw(item, columns) {
    return el('tr', { role: 'row' }, columns.map(([text, cell], place) =>
      el(place === 0 ? 'th' : 'td', {
        role: place === 0 ? 'rowheader' : 'cell', scope: place === 0 ? 'row' : null, 'data-label': text,
      }, cell(item))));
  }

  // Rows that are as they were stay where they are, so that the focus does, too.
  #place(elements) {
    const key = document.activeElement?.dataset?.key;
    const isSame = elements.length === this.body.children.length
      && elements.every((element, place) => element === this.body.children[place]);
    if (isSame) return;
    const had = this.body.contains(document.activeElement);
    this.body.replaceChildren(...elements);
    if (had && key) this.body.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  #tellPosition(page) {
    const first = this.#before.length * PAGE + 1;
    const values = { first: number(first), last: number(first + page.items.length - 1), total: number(page.total) };
    const text = page.items.length === 0 ? t('list.empty') : t('list.shown', values);
    if (this.shown.textContent !== text) this.shown.textContent = text;
    this.previousButton.disabled = this.#after === '';
    this.nextButton.disabled = page.next === null;
  }
}

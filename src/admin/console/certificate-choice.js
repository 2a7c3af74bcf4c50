// Step one of configuring: a certificate that is there, or a new one.

import { get } from './api.js';
import { CertificateFields } from './certificate-fields.js';
import { el, field } from './dom.js';
import { faultBox } from './fault.js';
import { date, t } from './texts.js';

const TYPING = 250;

export class CertificateChoice {
  #present = new Present();
  #fields = new CertificateFields();

  constructor() {
    this.name = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' });
    this.remarks = el('input', { type: 'text' });
    const isPresent = radio(t('choice.present'), true, () => this.#follow());
    const isNew = radio(t('choice.new'), false, () => this.#follow());
    this.isNew = isNew.box;
    this.new = el('div', null,
      field(t('certificate.name'), this.name, t('certificate.name.hint')),
      this.#fields.element, field(t('remarks'), this.remarks));
    this.element = el('div', null,
      el('fieldset', { class: 'choice' }, el('legend', null, t('certificate')), isPresent.element, isNew.element),
      this.#present.element, this.new);
    this.#follow();
    this.#present.load();
  }

  /** What the API has to be told of it, and whether it has to be new. */
  read() {
    if (!this.isNew.checked) return { body: { certificate: this.#present.chosen() }, isNew: false };
    const body = { certificate: this.name.value.trim(), pairs: this.#fields.read() };
    if (this.remarks.value) body.remarks = this.remarks.value;
    return { body, isNew: true };
  }

  #follow() {
    this.new.hidden = !this.isNew.checked;
    this.#present.element.hidden = this.isNew.checked;
  }
}

/** A certificate that is there: searched for, since there may be thousands. */
class Present {
  constructor() {
    this.search = el('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
    this.list = el('select', { size: '6' });
    this.said = el('div', { 'aria-live': 'polite' });
    this.search.addEventListener('input', () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.load(), TYPING);
    });
    this.element = el('div', null,
      field(t('certificates.search'), this.search), field(t('certificate'), this.list), this.said);
  }

  async load() {
    try {
      const filter = encodeURIComponent(this.search.value.trim());
      const { items } = await get(`/certificates?limit=100&filter=${filter}`);
      const before = this.chosen();
      this.list.replaceChildren(...items.map((item) => option(item)));
      this.list.value = before ?? items[0]?.name;
      this.said.replaceChildren();
    } catch (fault) {
      this.said.replaceChildren(faultBox(fault));
    }
  }

  chosen() {
    return this.list.value || null;
  }
}

function option({ name, names, pairs }) {
  const valid = names.first.slice(0, 3).join(', ') + (names.total > 3 ? ' …' : '');
  const until = t('until', { date: date(pairs[0].not_after) });
  return el('option', { value: name }, `${name}: ${valid}; ${until}`);
}

function radio(text, checked, onchange) {
  const box = el('input', { type: 'radio', name: 'choice', checked, onchange });
  return { box, element: el('label', { class: 'check' }, box, el('span', null, text)) };
}

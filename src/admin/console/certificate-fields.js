// A chain and its key, pasted or from files.

import { el, field } from './dom.js';
import { t } from './texts.js';

// What the API takes at most.
const LARGEST_FILE = 1 << 20;

/** The fields for one pair, or two with keys of different kinds. */
export class CertificateFields {
  #pairs;

  constructor(pairs = 1) {
    this.#pairs = [new PairFields(), new PairFields()];
    this.element = el('div', null,
      this.#pairs[0].element,
      el('details', { open: pairs > 1 }, el('summary', null, t('pair.second')), this.#pairs[1].element));
  }

  /** The pairs as the API takes them. */
  read() {
    const [first, second] = this.#pairs.map((fields) => fields.read());
    return isEmpty(second) ? [first] : [first, second];
  }

  /** Whether nothing is filled in. */
  get isEmpty() {
    return this.read().every(isEmpty);
  }
}

function isEmpty({ chain, key }) {
  return !chain && !key;
}

class PairFields {
  constructor() {
    this.chain = pem();
    this.key = pem();
    this.element = el('div', { class: 'pair' },
      field(t('chain'), this.chain, t('chain.hint')), upload(t('chain.file'), this.chain),
      field(t('key'), this.key, t('key.hint')), upload(t('key.file'), this.key));
  }

  read() {
    return { chain: this.chain.value, key: this.key.value };
  }
}

function pem() {
  return el('textarea', { rows: '4', spellcheck: 'false', autocomplete: 'off', class: 'pem', placeholder: '-----BEGIN …' });
}

function upload(text, into) {
  const file = el('input', { type: 'file', accept: '.pem,.crt,.cer,.key,.txt' });
  const element = field(text, file);
  const said = el('p', { class: 'wrong', role: 'alert', id: `${file.id}-said`, hidden: true });
  file.setAttribute('aria-describedby', said.id);
  file.addEventListener('change', async () => {
    const [chosen] = file.files;
    const isTooLarge = chosen?.size > LARGEST_FILE;
    said.textContent = isTooLarge ? t('file.too_large', { name: chosen.name }) : '';
    said.hidden = !isTooLarge;
    file.setAttribute('aria-invalid', String(isTooLarge));
    if (chosen && !isTooLarge) into.value = await chosen.text();
  });
  element.append(said);
  return element;
}

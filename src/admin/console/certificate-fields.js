// A chain and its key, pasted or from files.

import { el, field } from './dom.js';
import { t } from './texts.js';

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
    return second.chain || second.key ? [first, second] : [first];
  }
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
  file.addEventListener('change', async () => {
    const [chosen] = file.files;
    if (chosen && chosen.size <= LARGEST_FILE) into.value = await chosen.text();
  });
  return field(text, file);
}

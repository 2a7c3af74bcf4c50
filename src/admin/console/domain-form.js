// Adding a domain, and editing what its table says.

import { change, getTagged, path } from './api.js';
import { Dialog, tell } from './dialog.js';
import { check, el, field, select } from './dom.js';
import { faultBox } from './fault.js';
import { foresee } from './force.js';
import { HstsFields } from './hsts.js';
import { outcomeList } from './outcome.js';
import { t } from './texts.js';

export function addDomain(changed) {
  const name = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autofocus: true });
  const form = new Form(NEW);
  const body = () => ({ name: name.value.trim(), origins: form.origins(), ...form.differences() });
  edit(new Dialog(t('domain.add')), {
    content: [field(t('name'), name, t('domain.name.hint')), form.element],
    text: t('domain.add'),
    send: (options) => change('POST', '/domains', body(), { isNew: true, ...options }),
    done: () => tell(t('domain.added', { name: body().name })),
    changed,
  });
}

const NEW = {
  origins: [], binding: 'unbound', certificate: null, https: true, hsts: null, hsts_until: null,
  http: 'serve', on_expiry: 'serve', remarks: '',
};

export async function editDomain(name, changed) {
  const dialog = new Dialog(t('edit.of', { name }));
  try {
    const { value, tag } = await getTagged(path('domains', name));
    const form = new Form(value);
    edit(dialog, {
      content: form.element,
      text: t('save'),
      send: (options) => change('PATCH', path('domains', name), form.differences(), { tag, ...options }),
      done: () => tell(t('domain.saved', { name })),
      changed,
    });
  } catch (fault) {
    dialog.finish(faultBox(fault));
  }
}

/** Shows a form. `send` makes the change that it describes; what takes force is asked for first. */
function edit(dialog, editing) {
  const { content, text, send, done, changed } = editing;
  const apply = async (force) => {
    await send({ force });
    done();
    changed();
    dialog.close();
  };
  dialog.show(content, [
    [t('cancel'), () => dialog.close()],
    [text, async () => {
      const { outcome, force, why } = await foresee((force) => send({ dryRun: true, force }));
      if (!force) return apply(false);
      dialog.show([...why, ...outcomeList(outcome)], [
        [t('back'), () => edit(dialog, editing)],
        [t('force_https_off'), () => apply(true), 'danger'],
      ]);
    }, 'primary'],
  ]);
}

/** The keys of a domain's table that the console edits; the others stay as they are. */
class Form {
  #domain;

  constructor(domain) {
    this.#domain = domain;
    const bound = domain.binding === 'named' ? domain.certificate : '';
    this.originsBox = el('textarea', { rows: '2', spellcheck: 'false', value: domain.origins.join('\n') });
    this.binding = select([['unbound', t('none')], ['auto', t('auto')], ['named', t('binding.named')]], domain.binding);
    this.certificate = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', value: bound ?? '' });
    this.https = check(t('https.enable'), { checked: domain.https });
    this.hsts = new HstsFields(domain);
    this.http = select([['serve', t('http.serve')], ['redirect', t('http.redirect')]], domain.http);
    this.onExpiry = select([['serve', t('on_expiry.serve')], ['http', t('on_expiry.http')]], domain.on_expiry);
    this.remarks = el('input', { type: 'text', value: domain.remarks });
    const named = field(t('certificate.name'), this.certificate);
    const follow = () => { named.hidden = this.binding.value !== 'named'; };
    this.binding.addEventListener('change', follow);
    follow();
    this.element = el('div', null,
      field(t('origins'), this.originsBox, t('origins.hint')),
      field(t('certificate'), this.binding), named, this.https.element, this.hsts.element,
      field(t('http'), this.http), field(t('on_expiry'), this.onExpiry), field(t('remarks'), this.remarks));
  }

  origins() {
    return this.originsBox.value.split(/\s+/).filter(Boolean);
  }

  /** The keys whose values are others than before. */
  differences() {
    const { origins, https, http, on_expiry: onExpiry, remarks } = this.#domain;
    const keys = {};
    if (this.origins().join('\n') !== origins.join('\n')) keys.origins = this.origins();
    if (this.#bound() !== bindingOf(this.#domain)) keys.certificate = this.#bound();
    if (this.https.box.checked !== https) keys.https = this.https.box.checked;
    if (this.hsts.isChanged) keys.hsts = this.hsts.read();
    if (this.http.value !== http) keys.http = this.http.value;
    if (this.onExpiry.value !== onExpiry) keys.on_expiry = this.onExpiry.value;
    if (this.remarks.value !== remarks) keys.remarks = this.remarks.value || null;
    return keys;
  }

  #bound() {
    if (this.binding.value === 'named') return this.certificate.value.trim();
    return this.binding.value === 'auto' ? 'auto' : null;
  }
}

function bindingOf({ binding, certificate }) {
  if (binding === 'named') return certificate;
  return binding === 'auto' ? 'auto' : null;
}

// A new version of a certificate or other words about it, and its removal.

import { change, getTagged, path } from './api.js';
import { CertificateFields } from './certificate-fields.js';
import { Dialog, tell } from './dialog.js';
import { check, el, field } from './dom.js';
import { faultBox, missing } from './fault.js';
import { foresee } from './force.js';
import { losing, outcomeList, outcomeSummary } from './outcome.js';
import { fingerprint } from './state.js';
import { count, date, t } from './texts.js';

export async function updateCertificate({ name }, changed) {
  const dialog = new Dialog(t('update.of', { name }), { wide: true });
  try {
    const { value, tag } = await getTagged(path('certificates', name));
    const form = new Form(value);
    dialog.show(form.element, [
      [t('cancel'), () => dialog.close()],
      [t('update'), () => update(dialog, name, form, tag, changed), 'primary'],
    ]);
  } catch (fault) {
    dialog.finish(faultBox(fault));
  }
}

async function update(dialog, name, form, tag, changed) {
  const [options, pairs] = [form.options(), form.pairs()];
  const target = path('certificates', name);
  if (pairs) {
    const outcome = await change('PUT', target, { pairs, ...options }, { tag });
    changed();
    dialog.finish([...version(outcome.certificate), el('p', null, outcomeSummary(outcome)), ...outcomeList(outcome)],
      t('update.done', { name }));
    return;
  }
  if (Object.keys(options).length === 0) throw missing('update.nothing');
  await change('PATCH', target, options, { tag });
  tell(t('update.saved', { name }));
  changed();
  dialog.close();
}

/** What may be other than it is: chains and keys, and what the certificate's options say. */
class Form {
  #remarks;

  constructor({ pairs, remarks }) {
    this.#remarks = remarks;
    this.fields = new CertificateFields(pairs.length);
    this.remarks = el('input', { type: 'text', value: remarks });
    this.force = check(t('force'), {});
    this.element = el('div', null,
      el('p', null, t('update.means')), this.fields.element,
      field(t('remarks'), this.remarks, t('update.only')),
      this.force.element, el('p', { class: 'hint' }, t('force.hint')));
  }

  /** None where those in use stay. */
  pairs() {
    return this.fields.isEmpty ? null : this.fields.read();
  }

  /** The options whose values are others than before. */
  options() {
    const options = {};
    if (this.remarks.value !== this.#remarks) options.remarks = this.remarks.value || null;
    if (this.force.box.checked) options.force = true;
    return options;
  }
}

export async function deleteCertificate({ name }, changed) {
  const dialog = new Dialog(t('delete.of', { name }));
  const send = (options) => change('DELETE', path('certificates', name), undefined, options);
  try {
    const { outcome, force, why } = await foresee((force) => send({ dryRun: true, force }));
    const lost = losing(outcome);
    dialog.show([
      ...why,
      el('p', { class: lost.length > 0 ? 'warning' : null }, count('delete.loses', lost.length)),
      ...(outcome.domains.length > 0 ? outcomeList(outcome) : []),
      el('p', { class: 'hint' }, t('delete.means')),
    ], [
      [t('cancel'), () => dialog.close()],
      [t(force ? 'force_https_off' : 'delete'), async () => {
        await send({ force });
        tell(t('deleted', { name }));
        changed();
        dialog.close();
      }, 'danger'],
    ]);
  } catch (fault) {
    dialog.finish(faultBox(fault));
  }
}

function version(certificate) {
  if (!certificate?.after) return [];
  const until = certificate.not_after ? date(certificate.not_after) : '';
  return [el('p', null, t('update.serves', { until }), ' ', fingerprint(certificate.after))];
}

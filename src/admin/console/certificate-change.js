// A new version of a certificate, and its removal.

import { change, getTagged, path } from './api.js';
import { CertificateFields } from './certificate-fields.js';
import { Dialog, tell } from './dialog.js';
import { check, el } from './dom.js';
import { faultBox } from './fault.js';
import { losing, outcomeList, outcomeSummary } from './outcome.js';
import { fingerprint } from './state.js';
import { count, date, t } from './texts.js';

export async function updateCertificate({ name, pairs }, changed) {
  const dialog = new Dialog(t('update.of', { name }), { wide: true });
  const fields = new CertificateFields(pairs.length);
  const force = check(t('force'), {});
  const tag = await tagOf(name);
  dialog.show([el('p', null, t('update.means')), fields.element, force.element,
    el('p', { class: 'hint' }, t('force.hint'))], [
    [t('cancel'), () => dialog.close()],
    [t('update'), async () => {
      const body = { pairs: fields.read() };
      if (force.box.checked) body.force = true;
      const outcome = await change('PUT', path('certificates', name), body, { tag });
      changed();
      dialog.finish([...version(outcome.certificate), el('p', null, outcomeSummary(outcome)), ...outcomeList(outcome)],
        t('update.done', { name }));
    }, 'primary'],
  ]);
}

export async function deleteCertificate({ name }, changed) {
  const dialog = new Dialog(t('delete.of', { name }));
  try {
    const outcome = await change('DELETE', path('certificates', name), undefined, { dryRun: true });
    const lost = losing(outcome);
    dialog.show([
      el('p', { class: lost.length > 0 ? 'warning' : null }, count('delete.loses', lost.length)),
      ...(outcome.domains.length > 0 ? outcomeList(outcome) : []),
      el('p', { class: 'hint' }, t('delete.means')),
    ], [
      [t('cancel'), () => dialog.close()],
      [t('delete'), async () => {
        await change('DELETE', path('certificates', name));
        tell(t('deleted', { name }));
        changed();
        dialog.close();
      }, 'danger'],
    ]);
  } catch (fault) {
    dialog.finish(faultBox(fault));
  }
}

// Without one, the change is made to whatever is there.
async function tagOf(name) {
  try {
    return (await getTagged(path('certificates', name))).tag;
  } catch {
    return null;
  }
}

function version(certificate) {
  if (!certificate?.after) return [];
  const until = certificate.not_after ? date(certificate.not_after) : '';
  return [el('p', null, t('update.serves', { until }), ' ', fingerprint(certificate.after))];
}

// Removing a domain, after saying what that means.

import { change, path } from './api.js';
import { Dialog, tell } from './dialog.js';
import { el } from './dom.js';
import { faultBox } from './fault.js';
import { outcomeList } from './outcome.js';
import { t } from './texts.js';

export async function removeDomain(name, changed) {
  const dialog = new Dialog(t('remove.of', { name }));
  try {
    const outcome = await change('DELETE', path('domains', name), undefined, { dryRun: true });
    dialog.show([el('p', null, t('domain.remove.means')), ...outcomeList(outcome)], [
      [t('cancel'), () => dialog.close()],
      [t('remove'), async () => {
        await change('DELETE', path('domains', name));
        tell(t('domain.removed', { name }));
        changed();
        dialog.close();
      }, 'danger'],
    ]);
  } catch (fault) {
    dialog.finish(faultBox(fault));
  }
}

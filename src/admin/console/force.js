// HTTPS that browsers were told to hold to (HSTS): it ends before by force alone, and not before
// somebody has read what that means.

import { el } from './dom.js';
import { what } from './reason.js';
import { t } from './texts.js';

const HELD = 'hsts_runs';

/**
 * What would come of a change; `ask(force)` makes its dry run. Where that takes force, `outcome` is
 * what would come of it by force, and `why` is what to say before.
 */
export async function foresee(ask) {
  const { outcome, reason } = await withoutForce(ask);
  if (!reason) return { outcome, force: false, why: [] };
  return {
    outcome: await ask(true),
    force: true,
    why: [
      el('p', { class: 'warning' }, what(reason.code, reason.text), t('reason.end')),
      el('p', null, t('force_https_off.means')),
    ],
  };
}

// A change of many domains says it of each; one of a single thing is refused as a whole.
async function withoutForce(ask) {
  try {
    const outcome = await ask(false);
    const held = outcome.domains.find(({ reason }) => reason?.code === HELD);
    return { outcome, reason: held?.reason };
  } catch (fault) {
    if (fault.code !== HELD) throw fault;
    return { reason: { code: fault.code, text: fault.message } };
  }
}

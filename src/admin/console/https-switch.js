// The HTTPS switch of a domain. When viewers would have to leave, or browsers could not come back, it
// asks first.

import { change } from './api.js';
import { el } from './dom.js';
import { Dialog, tell } from './dialog.js';
import { faultBox } from './fault.js';
import { foresee } from './force.js';
import { isDone, leaving, outcomeList } from './outcome.js';
import { t, word } from './texts.js';

export function httpsSwitch(domain, canChange, changed) {
  const text = domain.https ? t('on') : t('off');
  if (!canChange) return el('span', null, text);
  const element = el('button', {
    type: 'button', role: 'switch', class: 'switch', 'aria-checked': String(domain.https),
    'aria-label': t('https.of', { name: domain.name }), 'data-key': `https ${domain.name}`,
    onclick: () => flip(domain, changed),
  }, el('span', { class: 'knob', 'aria-hidden': 'true' }), text);
  return element;
}

async function flip(domain, changed) {
  const body = { domains: [domain.name], https: domain.https ? 'off' : 'on' };
  const send = (options) => change('POST', '/bindings', body, options);
  try {
    const foreseen = await foresee((force) => send({ dryRun: true, force }));
    const { outcome, force } = foreseen;
    const act = async () => told(domain, await send({ force }), changed);
    if (!force && leaving(outcome) === 0 && outcome.domains.every(isDone)) {
      await act();
    } else {
      ask(domain, foreseen, act);
    }
  } catch (fault) {
    const dialog = new Dialog(t('https.of', { name: domain.name }));
    dialog.finish(faultBox(fault));
  }
}

function ask(domain, { outcome, force, why }, act) {
  const dialog = new Dialog(t('https.off.title', { name: domain.name }));
  dialog.show([...why, ...outcomeList(outcome)], [
    [t('cancel'), () => dialog.close()],
    [t(force ? 'force_https_off' : 'https.off.do'), async () => {
      await act();
      dialog.close();
    }, 'danger'],
  ]);
}

function told(domain, outcome, changed) {
  const [{ after }] = outcome.domains;
  tell(t('https.done', { name: domain.name, state: word('state', after?.state ?? 'off') }));
  changed();
}

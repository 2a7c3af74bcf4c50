// The HTTPS switch of a domain. When viewers would have to leave, it asks first.

import { change } from './api.js';
import { el } from './dom.js';
import { Dialog, tell } from './dialog.js';
import { faultBox } from './fault.js';
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
  try {
    const outcome = await change('POST', '/bindings', body, { dryRun: true });
    if (leaving(outcome) === 0 && outcome.domains.every(isDone)) {
      await apply(domain, body, changed);
    } else {
      ask(domain, body, outcome, changed);
    }
  } catch (fault) {
    const dialog = new Dialog(t('https.of', { name: domain.name }));
    dialog.finish(faultBox(fault));
  }
}

function ask(domain, body, outcome, changed) {
  const dialog = new Dialog(t('https.off.title', { name: domain.name }));
  dialog.show(outcomeList(outcome), [
    [t('cancel'), () => dialog.close()],
    [t('https.off.do'), async () => {
      await apply(domain, body, changed);
      dialog.close();
    }, 'danger'],
  ]);
}

async function apply(domain, body, changed) {
  const outcome = await change('POST', '/bindings', body);
  const [{ after }] = outcome.domains;
  tell(t('https.done', { name: domain.name, state: word('state', after?.state ?? 'off') }));
  changed();
}

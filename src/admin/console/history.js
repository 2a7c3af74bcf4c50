// Earlier versions of a certificate, and going back to one.

import { change, get, path } from './api.js';
import { Dialog, tell } from './dialog.js';
import { button, el } from './dom.js';
import { faultBox, reasonText } from './fault.js';
import { fingerprint } from './state.js';
import { date, moment, t } from './texts.js';

/** Shows the versions; what has no history loses the button that asks for it. */
export async function showHistory({ name }, opener, canChange, changed) {
  const dialog = new Dialog(t('history.of', { name }), { wide: true });
  const draw = async () => {
    try {
      const history = await get(`${path('certificates', name)}/history`);
      const { versions } = history;
      const again = async () => { changed(); await draw(); };
      const list = versions.length > 0
        ? el('ul', { class: 'versions' }, versions.map((it) => row(name, it, canChange, dialog, again)))
        : el('p', null, t('history.empty'));
      const isPinned = versions.some((it) => it.rolled_back_to);
      dialog.show(list, [
        ...(isPinned && canChange ? [[t('history.release'), async () => { await release(name); await again(); }]] : []),
        [t('close'), () => dialog.close(), 'primary'],
      ]);
    } catch (fault) {
      opener.hidden = fault.status === 404;
      dialog.finish(faultBox(fault));
    }
  };
  await draw();
}

function row(name, it, canChange, dialog, again) {
  const marks = [it.in_use ? t('history.in_use') : null, it.rolled_back_to ? t('history.pinned') : null];
  return el('li', null,
    el('strong', null, it.version), ' ', marks.filter(Boolean).map((mark) => el('span', { class: 'badge' }, mark)),
    el('p', null,
      t('history.adopted', { time: moment(it.adopted) }), ' ',
      it.not_after ? [t('until', { date: date(it.not_after) }), ' '] : null,
      it.fingerprint ? fingerprint(it.fingerprint) : null),
    it.reason ? el('p', { class: 'warning' }, reasonText(it.reason)) : null,
    canChange && !it.in_use && !it.reason ? button(t('history.roll_back'), () => ask(name, it.version, dialog, again), {
      'aria-label': t('history.roll_back.of', { version: it.version }),
    }) : null);
}

async function ask(name, version, dialog, again) {
  dialog.show(el('p', null, t('history.means', { name, version })), [
    [t('back'), again],
    [t('history.roll_back'), async () => {
      await change('POST', `${path('certificates', name)}/rollback`, { version });
      tell(t('history.done', { name, version }));
      await again();
    }, 'danger'],
  ]);
}

async function release(name) {
  await change('DELETE', `${path('certificates', name)}/rollback`);
  tell(t('history.released', { name }));
}

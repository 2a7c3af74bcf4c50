// The console: who is there, and which view is open.

import { get } from './api.js';
import { auditView } from './audit.js';
import { certificatesView } from './certificates.js';
import { domainsView } from './domains.js';
import { button, el } from './dom.js';
import { faultBox } from './fault.js';
import { loginForm } from './login.js';
import { overview } from './overview.js';
import { forget, takeFromAddress, token } from './session.js';
import { t } from './texts.js';

const VIEWS = { domains: domainsView, certificates: certificatesView, audit: auditView };
const page = document.getElementById('page');

let running = [];
let role = null;

function stop() {
  running.forEach((it) => it.stop());
  running = [];
}

async function enter() {
  takeFromAddress();
  stop();
  if (token() === null) return askForToken(null);
  try {
    ({ role } = await get('/session'));
    open();
  } catch (fault) {
    failed(fault) || page.replaceChildren(el('main', { class: 'narrow' }, el('h1', null, 'Lockgate'),
      faultBox(fault), button(t('again'), enter)));
  }
}

function askForToken(fault) {
  stop();
  page.replaceChildren(loginForm(enter, fault));
  page.querySelector('input').focus();
}

/** A token that is good no more leads back to the form; other faults are told where they are. */
function failed(fault) {
  if (!fault.isOfToken) return false;
  forget();
  askForToken(fault);
  return true;
}

function logOut() {
  forget();
  askForToken(null);
}

function open() {
  const canChange = role === 'operator';
  const name = location.hash.slice(2) in VIEWS ? location.hash.slice(2) : 'domains';
  stop();
  const above = overview(failed);
  const view = VIEWS[name]({ canChange, failed });
  running = [above, view];
  page.replaceChildren(header(name, canChange), el('main', null, above.element, view.element));
  document.title = `${t(name)} · Lockgate`;
}

function header(current, canChange) {
  const links = Object.keys(VIEWS).map((name) =>
    el('a', { href: `#/${name}`, 'aria-current': name === current ? 'page' : null }, t(name)));
  return el('header', null,
    el('h1', null, 'Lockgate'),
    el('nav', { 'aria-label': t('views') }, links),
    el('span', { class: 'role' }, t(canChange ? 'role.operator' : 'role.viewer')),
    button(t('logout'), logOut));
}

window.addEventListener('hashchange', () => {
  // A link with a token may be opened in a tab that is here already.
  if (location.hash.startsWith('#token=')) return enter();
  if (token() !== null) {
    open();
    page.querySelector('main h2')?.focus();
  }
});

await enter();

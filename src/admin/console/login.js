// Asking for the token.

import { button, el, field } from './dom.js';
import { faultBox } from './fault.js';
import { remember } from './session.js';
import { t } from './texts.js';

/** A form for the token; `enter` is called once it is there. `fault` says why it is asked for. */
export function loginForm(enter, fault) {
  const token = el('input', { type: 'password', autocomplete: 'off', required: true });
  const form = el('form', { class: 'login' },
    field(t('token'), token, t('token.hint')),
    button(t('login'), null, { type: 'submit', class: 'primary' }));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    remember(token.value);
    enter();
  });
  return el('main', { class: 'narrow' },
    el('h1', null, 'Lockgate'), el('h2', { tabindex: '-1' }, t('login.title')),
    fault ? faultBox(fault) : null, form);
}

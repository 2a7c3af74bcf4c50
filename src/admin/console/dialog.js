// Dialogs: <dialog> keeps the focus inside and gives it back; Escape closes.

import { button, el } from './dom.js';
import { faultBox } from './fault.js';
import { t } from './texts.js';

let titles = 0;

/**
 * Opens a dialog and returns it; `closed` is called when it is gone.
 * What it shows is replaced by `show`, step by step.
 */
export class Dialog {
  #element;
  #title;
  #body;
  #said;
  #buttons;

  constructor(title, { wide = false, closed = () => {} } = {}) {
    titles += 1;
    const id = `dialog-title-${titles}`;
    this.#title = el('h2', { id, tabindex: '-1' }, title);
    this.#body = el('div', { class: 'dialog-body' });
    this.#said = el('div', { 'aria-live': 'polite' });
    this.#buttons = el('div', { class: 'buttons' });
    this.#element = el('dialog', { 'aria-labelledby': id, class: wide ? 'wide' : null },
      this.#title, this.#body, this.#said, this.#buttons);
    const opener = document.activeElement;
    this.#element.addEventListener('close', () => {
      this.#element.remove();
      closed();
      giveBack(opener);
    });
    document.body.append(this.#element);
    this.#element.showModal();
  }

  /** Shows a step: its content, and its buttons as `[text, action, class]`. */
  show(content, buttons, title = null) {
    if (title) this.#title.textContent = title;
    this.#body.replaceChildren(...[content].flat().filter(Boolean));
    this.#said.replaceChildren();
    this.#buttons.replaceChildren(...buttons.map(([text, action, kind]) =>
      button(text, () => this.#run(action), { class: kind ?? null })));
    const first = this.#body.querySelector('[autofocus]') ?? this.#title;
    first.focus();
  }

  /** The last step: what came of it. */
  finish(content, title = null) {
    this.show(content, [[t('close'), () => this.close(), 'primary']], title);
  }

  close() {
    this.#element.close();
  }

  // While an action runs, no second one begins.
  async #run(action) {
    const buttons = [...this.#buttons.children];
    buttons.forEach((it) => { it.disabled = true; });
    this.#element.setAttribute('aria-busy', 'true');
    this.#said.replaceChildren();
    try {
      await action();
    } catch (fault) {
      const box = faultBox(fault);
      this.#said.replaceChildren(box);
      box.focus();
    } finally {
      buttons.forEach((it) => { it.disabled = false; });
      this.#element.removeAttribute('aria-busy');
    }
  }
}

// A list that was drawn anew has another button in the place of the one that was clicked.
function giveBack(opener) {
  if (opener?.isConnected) return;
  const key = opener?.dataset?.key;
  const again = key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  (again || document.querySelector('main h2'))?.focus();
}

/** Tells what came of something, for eyes and for screen readers. */
export function tell(text) {
  const told = document.getElementById('told');
  told.replaceChildren(el('p', null, text));
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => told.replaceChildren(), 8_000);
}

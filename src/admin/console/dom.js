// Making elements. Data only ever becomes text or an attribute, never markup.

/**
 * Makes an element. `props` are attributes, but for `onEVENT` (a listener), and `checked`,
 * `disabled`, `value` and the like, which are properties. What is null or false is left out.
 */
export function el(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

const PROPERTIES = new Set(['checked', 'disabled', 'value', 'required', 'hidden', 'indeterminate']);

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (PROPERTIES.has(name)) element[name] = value;
  else element.setAttribute(name, value === true ? '' : value);
}

export function button(text, onclick, props = {}) {
  return el('button', { type: 'button', onclick, ...props }, text);
}

let fields = 0;

/** A labelled control with a hint below it. */
export function field(label, control, hint) {
  fields += 1;
  control.id = `field-${fields}`;
  if (!hint) return el('div', { class: 'field' }, el('label', { for: control.id }, label), control);
  control.setAttribute('aria-describedby', `hint-${fields}`);
  return el('div', { class: 'field' },
    el('label', { for: control.id }, label),
    control,
    el('p', { class: 'hint', id: `hint-${fields}` }, hint));
}

/** A checkbox with its label behind it. */
export function check(label, props) {
  const box = el('input', { type: 'checkbox', ...props });
  const element = el('label', { class: 'check' }, box, el('span', null, label));
  return { box, element };
}

export function select(options, value) {
  return el('select', null, options.map(([key, text]) =>
    el('option', { value: key, selected: key === value }, text)));
}

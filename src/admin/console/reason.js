// Why something is wrong, and what to do about it, in the language of the page.
//
// The API says both in English. A page in another language has its own words for each reason code;
// the API's stand where those say `{api}`, and for codes that are newer than the page.

import { el } from './dom.js';
import { locale, wordsOf } from './texts.js';

/** What is wrong; `text` is what the API says of it. */
export function what(code, text) {
  return filled(wordsOf(code)?.[0], text);
}

/** What to do about it; `hint` is what the API says of that. */
export function todo(code, hint) {
  return filled(wordsOf(code)?.[1], hint);
}

/** What is wrong in a few words, with the code, which the log and the search know. */
export function titled(code) {
  const words = wordsOf(code)?.[0].split(API)[0].replace(/：$/, '');
  return words ? `${words} ${code}` : code;
}

const API = '{api}';

function filled(words, text) {
  if (!words) return english(text);
  const [before, ...after] = words.split(API);
  return after.length > 0 ? [before, english(text), ...after] : words;
}

/** Words of the API, whatever language the page is in. */
function english(text) {
  return el('span', { lang: locale === 'en' ? null : 'en' }, text);
}

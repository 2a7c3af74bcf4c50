// The words of the console, in the language of the browser.

const language = navigator.language.startsWith('zh') ? 'zh' : 'en';
// The API's own words are in English.
const [texts, reasons] = await Promise.all([read(language), language === 'en' ? {} : read(`reasons-${language}`)]);

export const locale = language === 'zh' ? 'zh-CN' : 'en';
document.documentElement.lang = locale;

const plurals = new Intl.PluralRules(locale);
const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const moments = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
const numbers = new Intl.NumberFormat(locale);

/** The text of a key, with `{name}` replaced by values. */
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replaceAll(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A text about a number: `KEY.one` or `KEY.other`. */
export function count(key, number, values = {}) {
  const form = plurals.select(number) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}`, { n: numbers.format(number), ...values });
}

/** The text of a stable word of the API; the word itself if it is a newer one. */
export function word(kind, code) {
  return texts[`${kind}.${code}`] ?? code;
}

/** The page's own words for a reason code of the API, `[what, todo]`. None where the API's are ours. */
export function wordsOf(code) {
  return reasons[code];
}

async function read(name) {
  const answer = await fetch(`/console/${name}.json`);
  return answer.json();
}

export function date(text) {
  return dates.format(new Date(text));
}

export function moment(text) {
  return moments.format(new Date(text));
}

export function number(value) {
  return numbers.format(value);
}

// Asking the API.

import { t } from './texts.js';
import { token } from './session.js';

/** A request that was not answered with what it asks for, as RFC 9457 has it. */
export class Fault extends Error {
  constructor(status, problem) {
    super(problem.detail);
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint;
    this.problems = problem.problems ?? [];
    // Whether the words are the page's own, since the API said none.
    this.isOurs = problem.isOurs ?? false;
  }

  get isOfToken() {
    return this.status === 401;
  }
}

export function get(path) {
  return ask('GET', path);
}

/**
 * Makes a change. `tag` is the version that it is meant for; `isNew` wants it to be new; `force` ends
 * HTTPS though browsers hold to it.
 */
export function change(method, path, body, { dryRun = false, tag = null, isNew = false, force = false } = {}) {
  const headers = {};
  if (tag) headers['If-Match'] = tag;
  if (isNew) headers['If-None-Match'] = '*';
  const query = [];
  if (dryRun) query.push('dry_run=true');
  // What has no body is told in the query.
  if (force && body === undefined) query.push('force_https_off=true');
  const told = force && body !== undefined ? { ...body, force_https_off: true } : body;
  return ask(method, query.length > 0 ? `${path}?${query.join('&')}` : path, headers, told);
}

/** The answer, and as `tag` the version of what it is about. */
export async function getTagged(path) {
  const answer = await send('GET', path, {});
  return { value: await answer.json(), tag: answer.headers.get('ETag') };
}

export function path(list, name) {
  return `/${list}/${encodeURIComponent(name)}`;
}

async function ask(method, target, headers = {}, body = undefined) {
  const answer = await send(method, target, headers, body);
  return answer.json();
}

async function send(method, target, headers, body) {
  const answer = await fetched(`/api/v1${target}`, {
    method,
    headers: { ...headers, Authorization: `Bearer ${token()}` },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: 'omit',
    cache: 'no-store',
  });
  if (!answer.ok) throw new Fault(answer.status, await problemOf(answer));
  return answer;
}

async function fetched(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    throw new Fault(0, { code: 'unreachable', isOurs: true, detail: t('fault.unreachable'), hint: t('fault.unreachable.hint') });
  }
}

// Something between us and Lockgate may answer in its own way.
async function problemOf(answer) {
  try {
    const problem = await answer.json();
    if (typeof problem.detail === 'string') return problem;
  } catch {
    // Told below.
  }
  return { code: 'other', isOurs: true, detail: t('fault.other', { status: answer.status }), hint: t('fault.other.hint') };
}

// The API as somebody else uses it, who has a token.

import assert from 'node:assert/strict';

import { PROGRAM } from './edge.mjs';
import { run } from './process.mjs';

export class Api {
  #directory;

  constructor({ directory }) {
    this.#directory = directory;
  }

  /** A link to the console that logs in. */
  async link(role) {
    const { stdout } = await run('lockgate', PROGRAM, ['token', '--link', '--role', role, '--config', this.#directory]);
    return stdout.toString().trim();
  }

  get(path) {
    return this.#ask('viewer', path);
  }

  change(method, path, body) {
    return this.#ask('operator', path, { method, body: JSON.stringify(body) });
  }

  async #ask(role, path, options = {}) {
    const url = new URL(await this.link(role));
    const token = url.hash.slice('#token='.length);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${url.origin}/api/v1${path}`, { headers, ...options });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  }
}

// Changes while streams run: rotations of one certificate, and edits of
// domains that nobody watches. Each is followed until it shows.

import assert from 'node:assert/strict';
import { join } from 'node:path';

import { fingerprint, pairIn, rotate } from './certificates.mjs';
import { servedLeaf } from './handshake.mjs';
import { Hopeless, until } from './wait.mjs';

/** Rotates one certificate, each time to a pair made before. */
export class Rotations {
  #spares = [];
  /** Milliseconds from the last rename to the first handshake with the new leaf. */
  delays = [];

  constructor({ edge, configuration, certificate, name, ca }) {
    this.target = pairIn(configuration.certificateDirectory(certificate));
    this.ask = () => servedLeaf({ port: edge.ports.https, name, ca });
  }

  /** Makes pairs for the next `count` rotations. */
  async prepare(authority, directory, count, names) {
    for (let i = 0; i < count; i += 1) {
      const pair = await authority.issue(join(directory, `${i}`), ...names);
      this.#spares.push({ pair, leaf: await fingerprint(pair) });
    }
  }

  async next() {
    const { pair, leaf } = this.#spares.pop();
    await rotate(pair, this.target);
    const renamed = performance.now();
    await until('the new certificate to be served', async () => (await this.#served()) === leaf, {
      within: 5_000,
      every: 5,
    });
    this.delays.push(performance.now() - renamed);
  }

  /** No handshake fails while a certificate rotates, so there is no second try. */
  async #served() {
    try {
      return await this.ask() ?? assert.fail('the name was refused');
    } catch (error) {
      throw new Hopeless('a handshake failed during a rotation', { cause: error });
    }
  }
}

const OTHER = 'other.example.test';
const OTHER_CERTIFICATE = 'other';

/** Edits domains below `other.example.test`, one kind of change after the other. */
export class DomainChanges {
  #count = 0;

  constructor({ edge, configuration, ca }) {
    this.edge = edge;
    this.configuration = configuration;
    this.leaf = (name) => servedLeaf({ port: edge.ports.https, name, ca });
  }

  /** The certificate and the domain that the changes start from. */
  static async prepare(configuration, authority) {
    await authority.issue(configuration.certificateDirectory(OTHER_CERTIFICATE), `*.${OTHER}`);
    await configuration.writeDomain(`first.${OTHER}`, settings());
  }

  async next() {
    const round = Math.floor(this.#count / 5);
    const change = [this.#move, this.#switchOff, this.#switchOn, this.#add, this.#remove][this.#count % 5];
    this.#count += 1;
    await change.call(this, `first.${OTHER}`, `added-${round}.${OTHER}`);
  }

  async #move(first) {
    const before = await this.edge.generation();
    await this.configuration.writeDomain(first, settings({ origins: [`http://127.0.0.1:${1_000 + this.#count}`] }));
    await this.#shows('another origin', async () => (await this.edge.generation()) > before);
  }

  async #switchOff(first) {
    await this.configuration.writeDomain(first, settings({ https: false }));
    await this.#shows('HTTPS off', async () => (await this.leaf(first)) === null);
  }

  async #switchOn(first) {
    await this.configuration.writeDomain(first, settings({ http: 'redirect' }));
    await this.#shows('HTTPS on', async () => (await this.leaf(first)) !== null);
  }

  async #add(_, added) {
    await this.configuration.writeDomain(added, settings());
    await this.#shows('a domain more', async () => (await this.leaf(added)) !== null);
  }

  // It takes effect only after the grace period for lost files: not waited for.
  async #remove(_, added) {
    await this.configuration.removeDomain(added);
  }

  #shows(what, condition) {
    return until(`${what} to show`, condition, { within: 5_000, every: 10 });
  }
}

function settings(others = {}) {
  return { origins: ['http://127.0.0.1:9'], certificate: OTHER_CERTIFICATE, ...others };
}

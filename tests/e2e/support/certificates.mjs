// A small certificate authority on the openssl command line.

import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { run } from './process.mjs';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

// The system's own configuration would add CA:TRUE to every `req -x509`.
const NO_DEFAULTS = '[req]\ndistinguished_name = none\n[none]\n';

export class Authority {
  #config;
  #key;

  constructor(directory) {
    this.certificate = join(directory, 'ca.pem');
    this.#config = join(directory, 'openssl.cnf');
    this.#key = join(directory, 'ca.key');
  }

  static async create(directory) {
    await mkdir(directory, { recursive: true });
    const authority = new Authority(directory);
    await writeFile(authority.#config, NO_DEFAULTS);
    await authority.#request([
      '-days', '30', '-subj', '/CN=Lockgate end-to-end tests',
      '-addext', 'basicConstraints=critical,CA:TRUE',
      '-addext', 'keyUsage=critical,keyCertSign,cRLSign',
      '-keyout', authority.#key, '-out', authority.certificate,
    ]);
    return authority;
  }

  pem() {
    return readFile(this.certificate);
  }

  /** Makes `fullchain.pem` and `privkey.pem` for the names in `directory`. */
  issue(directory, ...names) {
    return this.issueFor(20, directory, ...names);
  }

  /** Makes them for so many days. */
  async issueFor(days, directory, ...names) {
    await mkdir(directory, { recursive: true });
    const pair = pairIn(directory);
    await this.#request([
      '-days', String(days), '-subj', `/CN=${names[0]}`,
      '-CA', this.certificate, '-CAkey', this.#key,
      '-addext', 'basicConstraints=critical,CA:FALSE',
      '-addext', 'extendedKeyUsage=serverAuth',
      '-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
      '-keyout', pair.key, '-out', pair.chain,
    ]);
    return pair;
  }

  async #request(args) {
    const request = ['req', '-x509', '-config', this.#config, ...KEY, ...args];
    const { code, stderr } = await run('openssl', 'openssl', request);
    if (code !== 0) throw new Error(`openssl req failed:\n${stderr}`);
  }
}

/** Moves a pair over another, as a careful tool does it: two renames. */
export async function rotate(from, to) {
  await rename(from.key, to.key);
  await rename(from.chain, to.chain);
}

export function pairIn(directory) {
  return { chain: join(directory, 'fullchain.pem'), key: join(directory, 'privkey.pem') };
}

/** SHA-256 of the leaf, as `AB:CD:…`. */
export async function fingerprint(pair) {
  return new X509Certificate(await readFile(pair.chain)).fingerprint256;
}

// curl as a client: one request to its end, or the start of an endless stream.

import { run, start } from './process.mjs';
import { until } from './wait.mjs';

export const VERSIONS = { 'HTTP/1.1': '--http1.1', 'HTTP/2': '--http2' };

export class Curl {
  #options;

  /** `version` is a key of `VERSIONS`; every name is taken to be on loopback. */
  constructor(version, authority) {
    this.#options = [
      '--silent', '--show-error', '--include', '--no-buffer', '--noproxy', '*',
      VERSIONS[version], '--cacert', authority.certificate,
      '--connect-to', '::127.0.0.1:',
    ];
  }

  /** The whole answer; `options` are further options of curl. */
  async request(url, ...options) {
    const { code, stdout, stderr } = await run('curl', 'curl', [...this.#options, ...options, url]);
    if (code !== 0) throw new Error(`curl ${url} failed (${code}): ${stderr}`);
    return answer(stdout);
  }

  /** The answer so far once it holds `bytes` bytes; fails when it ends before. */
  async watch(url, bytes, { within = 20_000 } = {}) {
    const program = start('curl', 'curl', [...this.#options, url]);
    const chunks = [];
    let received = 0;
    program.child.stdout.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
    });
    try {
      await until(`${bytes} bytes of ${url}`, () => received >= bytes || ended(program), { within });
    } finally {
      await program.stop();
    }
    if (received < bytes) throw new Error(`${url} ended after ${received} bytes: ${program.errors}`);
    return answer(Buffer.concat(chunks));
  }
}

function ended(program) {
  return !program.alive;
}

function answer(output) {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) throw new Error('curl printed no response head');
  const [first, ...lines] = output.toString('latin1', 0, end).split('\r\n');
  const [version, status] = first.split(' ');
  return {
    // curl writes "HTTP/2" but "HTTP/1.1".
    version,
    status: Number(status),
    headers: Object.fromEntries(lines.map(field)),
    body: output.subarray(end + 4),
  };
}

function field(line) {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

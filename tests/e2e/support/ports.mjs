// Free ports on loopback.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the kernel's range for outgoing connections: a port from that range
// could be taken by any client between our look and the server's bind.
const LOWEST = 20_000;
const HIGHEST = 32_000;

const given = new Set();

export async function freePort() {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}

/** `{ name: port }` for each of the names. */
export async function freePorts(...names) {
  const ports = {};
  for (const name of names) ports[name] = await freePort();
  return ports;
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

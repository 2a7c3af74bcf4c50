// Child processes that cannot outlive the tests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { Hopeless, bounded } from './wait.mjs';

const LINES_KEPT = 5_000;

const running = new Set();

process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
// Without a handler a signal ends Node at once and the line above never runs.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(1));
}

/**
 * Starts a program under a short `name` for messages. The kernel kills it when
 * we die in whatever way (`setpriv --pdeathsig`); otherwise `stop` ends it.
 */
export function start(name, command, args = [], { env = {}, ipc = false } = {}) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc'] : [])],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return new Running(name, child);
}

/** Runs a program to its end and returns its outcome; bounded by `within`. */
export async function run(name, command, args = [], { within = 30_000, env } = {}) {
  const program = start(name, command, args, { env });
  const chunks = [];
  program.child.stdout.on('data', (chunk) => chunks.push(chunk));
  try {
    await bounded(`${name} to end`, within, program.closed);
  } finally {
    await program.stop('SIGKILL');
  }
  return {
    code: program.child.exitCode,
    stdout: Buffer.concat(chunks),
    stderr: program.errors.join('\n'),
  };
}

class Running {
  constructor(name, child) {
    this.name = name;
    this.child = child;
    /** Lines of standard error, newest last. */
    this.errors = [];
    this.closed = once(child, 'close');
    this.closed.catch(() => {}); // "command not found" shows where it is awaited
    createInterface({ input: child.stderr }).on('line', (line) => this.#keep(line));
    child.stdout.on('data', () => {}); // a full pipe would stop the program
  }

  get pid() {
    return this.child.pid;
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Fails with the last lines of standard error when the program has ended. */
  assertAlive() {
    if (this.alive) return true;
    const outcome = this.child.signalCode ?? `exit code ${this.child.exitCode}`;
    throw new Hopeless(`${this.name} ended (${outcome}):\n${this.errors.slice(-20).join('\n')}`);
  }

  async stop(signal = 'SIGTERM') {
    if (!this.alive) return;
    this.child.kill(signal);
    try {
      await bounded(`${this.name} to end after ${signal}`, 5_000, this.closed);
    } catch {
      this.child.kill('SIGKILL');
      await bounded(`${this.name} to end after SIGKILL`, 5_000, this.closed);
    }
  }

  #keep(line) {
    this.errors.push(line);
    if (this.errors.length > LINES_KEPT) this.errors.shift();
  }
}

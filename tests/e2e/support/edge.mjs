// Lockgate itself: the release binary with a configuration directory.

import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePorts } from './ports.mjs';
import { start } from './process.mjs';
import { until } from './wait.mjs';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
/** What `admin()` may ask for without a token. */
export const OPEN = '["/metrics", "/readyz"]';
/** The program under test. */
export const PROGRAM = process.env.LOCKGATE_BIN ?? join(REPOSITORY, 'target/release/lockgate');

/** A new configuration directory below `directory`, with nothing but ports in it. */
export async function newConfiguration(directory) {
  const configuration = new Configuration(join(directory, 'config'), await edgePorts());
  await mkdir(join(configuration.directory, 'domains'), { recursive: true });
  await mkdir(join(configuration.directory, 'certificates'), { recursive: true });
  const { http, https, rtmps, admin } = configuration.ports;
  await writeFile(join(configuration.directory, 'lockgate.toml'), [
    '[listeners]',
    `http = ["127.0.0.1:${http}"]`,
    `https = ["127.0.0.1:${https}"]`,
    `tcp.rtmps = ["127.0.0.1:${rtmps}"]`,
    '[admin]',
    `listen = "127.0.0.1:${admin}"`,
    `open = ${OPEN}`,
    '',
  ].join('\n'));
  return configuration;
}

export function edgePorts() {
  return freePorts('http', 'https', 'rtmps', 'admin');
}

export class Configuration {
  constructor(directory, ports) {
    this.directory = directory;
    this.ports = ports;
  }

  /** Where a certificate of this name has its files. */
  certificateDirectory(name) {
    return join(this.directory, 'certificates', name);
  }

  /** Writes a file with one domain, whole at once as an editor's rename does. */
  async writeDomain(name, settings) {
    const lines = Object.entries({ name, ...settings })
      .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    const file = this.#domainFile(name);
    await writeFile(`${file}.new`, `[[domain]]\n${lines.join('')}`);
    await rename(`${file}.new`, file);
  }

  async removeDomain(name) {
    await rm(this.#domainFile(name));
  }

  #domainFile(name) {
    return join(this.directory, 'domains', `${name}.toml`);
  }
}

/** Starts Lockgate and waits until it says that it is ready. */
export async function startEdge({ directory, ports }) {
  const program = start('lockgate', PROGRAM, ['run', '--config', directory]);
  const edge = new Edge(program, ports, join(dirname(directory), 'lockgate.log'));
  await until('lockgate to be ready', async () => {
    program.assertAlive();
    return (await edge.admin('/readyz')).status === 200;
  });
  return edge;
}

class Edge {
  constructor(program, ports, log) {
    this.program = program;
    this.ports = ports;
    this.log = log;
    this.pid = program.pid;
  }

  /** `https://name:port/path`, or `http` or `rtmps`, to be connected to on 127.0.0.1. */
  url(name, path, scheme = 'https') {
    return `${scheme}://${name}:${this.ports[scheme]}${path}`;
  }

  admin(path) {
    const url = `http://127.0.0.1:${this.ports.admin}${path}`;
    return fetch(url, { signal: AbortSignal.timeout(2_000) });
  }

  /** The value of one metric; `labels` is a part of what stands in its braces. */
  async metric(name, labels = '') {
    const answer = await this.admin('/metrics');
    const line = (await answer.text()).split('\n').find((line) => isSample(line, name, labels));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
  }

  generation() {
    return this.metric('lockgate_generation');
  }

  threads() {
    return readdirSync(`/proc/${this.pid}/task`).length;
  }

  /** Processes that Lockgate has started: it should never have any. */
  children() {
    return readdirSync(`/proc/${this.pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${this.pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean));
  }

  /** The log's records at these levels; a line that is no JSON counts as an error. */
  records(...levels) {
    return this.program.errors
      .filter((line) => line !== '')
      .map((line) => parse(line))
      .filter((record) => levels.includes(record.level));
  }

  /** Leaves the log beside the configuration, for whoever kept the directory. */
  async stop() {
    await this.program.stop();
    await writeFile(this.log, this.program.errors.join('\n'));
  }
}

function isSample(line, name, labels) {
  return line.startsWith(name) && /^[ {]/.test(line.slice(name.length)) && line.includes(labels);
}

function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return { level: 'ERROR', message: line };
  }
}

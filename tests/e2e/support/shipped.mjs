// The configuration that ships with Lockgate, copied so that it runs on free
// ports and with a state directory of its own.

import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Configuration, OPEN, edgePorts } from './edge.mjs';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

/** Copies `config/` and what it may point to below `directory`. */
export async function copyShipped(directory) {
  for (const part of ['config', 'certs-example']) {
    await cp(join(REPOSITORY, part), join(directory, part), { recursive: true });
  }
  const configuration = new Configuration(join(directory, 'config'), await edgePorts());
  await moveListeners(join(configuration.directory, 'lockgate.toml'), configuration.ports);
  return configuration;
}

/** The shipped `[[domain]]` tables, as objects. */
export async function domains(configuration) {
  const directory = join(configuration.directory, 'domains');
  const files = (await readdir(directory)).filter((name) => name.endsWith('.toml'));
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')));
  return texts.flatMap((text) => text.split(/^\[\[domain\]\].*$/m).slice(1).map(readTable));
}

/** The example authority's certificate, in the shape that players ask for. */
export async function exampleAuthority(directory) {
  const examples = join(directory, 'certs-example');
  const files = await readdir(examples, { recursive: true });
  const file = files.find((name) => /(^|\/)ca(-cert)?\.(pem|crt)$/.test(name));
  return { certificate: join(examples, file) };
}

async function moveListeners(file, { http, https, admin }) {
  let text = await readFile(file, 'utf8');
  text = withSetting(text, 'listeners', 'http', `["127.0.0.1:${http}"]`);
  text = withSetting(text, 'listeners', 'https', `["127.0.0.1:${https}"]`);
  text = withSetting(text, 'admin', 'listen', `"127.0.0.1:${admin}"`);
  text = withSetting(text, 'admin', 'open', OPEN);
  await writeFile(file, text);
}

/** Replaces `key` in `[table]`, or adds what is missing; values stand on one line. */
function withSetting(text, table, key, value) {
  const lines = text.split('\n');
  let start = lines.findIndex((line) => line.trim().startsWith(`[${table}]`));
  if (start < 0) start = lines.push(`[${table}]`) - 1;
  const next = lines.findIndex((line, i) => i > start && line.trim().startsWith('['));
  const end = next < 0 ? lines.length : next;
  const old = lines.findIndex((line, i) => i > start && i < end && line.split('=')[0].trim() === key);
  lines.splice(old < 0 ? start + 1 : old, old < 0 ? 0 : 1, `${key} = ${value}`);
  return lines.join('\n');
}

// Enough of TOML for our own files: one `key = value` a line, and values that
// are JSON as well.
function readTable(text) {
  const entries = text.split('\n')
    .map((line) => line.match(/^\s*(\w+)\s*=\s*("[^"]*"|\[[^\]]*\]|true|false|\d+)/))
    .filter((found) => found !== null);
  return Object.fromEntries(entries.map(([, key, value]) => [key, JSON.parse(value)]));
}

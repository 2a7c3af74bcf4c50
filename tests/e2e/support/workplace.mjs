// A directory of its own for each test file, gone when the file is done.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** LOCKGATE_E2E_KEEP=1 keeps the directory for a look at what went wrong. */
export function workplace() {
  const directory = mkdtempSync(join(tmpdir(), 'lockgate-e2e-'));
  if (process.env.LOCKGATE_E2E_KEEP) {
    console.log(`kept: ${directory}`);
  } else {
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  }
  return directory;
}

// The viewers of `viewers-process.mjs`, seen from the test.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { start } from './process.mjs';
import { bounded } from './wait.mjs';

const PROGRAM = fileURLToPath(new URL('viewers-process.mjs', import.meta.url));

/** Each of `viewers` is `{ name, kind, url, ca }`; resolves once all receive data. */
export async function startWatchers(viewers) {
  const program = start('viewers', process.execPath, [PROGRAM, JSON.stringify(viewers)], { ipc: true });
  await bounded('the viewers to receive data', 20_000, once(program.child, 'message'));
  return {
    reset() {
      program.child.send('reset');
    },
    /** `{ figures: [{ name, pieces, bytes, longest, ended }], lag }` */
    async report() {
      const answer = once(program.child, 'message');
      program.child.send('report');
      return (await bounded('the figures of the viewers', 5_000, answer))[0];
    },
    stop() {
      return program.stop();
    },
  };
}

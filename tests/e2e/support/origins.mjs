// The live origins with a stream on the air.

import { join } from 'node:path';

import { startEncoder } from './encoder.mjs';
import { startMediaServer } from './media-server.mjs';
import { playlistReady, startNginx } from './nginx.mjs';
import { until } from './wait.mjs';

/** nginx (HLS, DASH) and node-media-server (FLV), both fed by one encoder. */
export async function startOrigins(directory, { authority, flvName }) {
  const hls = await startNginx(join(directory, 'nginx'));
  const flv = await startMediaServer(join(directory, 'media-server'), { authority, name: flvName });
  const encoder = startEncoder([hls.push, flv.push]);
  await onAir(flv, encoder);
  // hls.js starts three segments behind the newest.
  await playlistReady(hls, 4);
  return {
    hls,
    flv,
    async stop() {
      for (const program of [encoder, flv.server, hls.server]) await program.stop();
    },
  };
}

async function onAir(flv, encoder) {
  await until('FLV data at node-media-server', async () => {
    encoder.assertAlive();
    const answer = await fetch(flv.url + flv.path, { signal: AbortSignal.timeout(2_000) });
    const reader = answer.body.getReader();
    try {
      // The headers and an FLV header come without a stream; a tag does not.
      for (let received = 0; received < 1_000; ) {
        const { value, done } = await reader.read();
        if (done) return false;
        received += value.length;
      }
      return true;
    } finally {
      await reader.cancel();
    }
  }, { within: 20_000, every: 100 });
}

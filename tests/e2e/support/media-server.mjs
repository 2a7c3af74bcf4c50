// node-media-server: takes a live stream, serves it as HTTP-FLV and WS-FLV.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePorts } from './ports.mjs';
import { start } from './process.mjs';
import { until } from './wait.mjs';

const PROGRAM = fileURLToPath(new URL('media-server-process.mjs', import.meta.url));

/** With HTTPS of its own, so that a viewer over h2 can also watch it directly. */
export async function startMediaServer(directory, { authority, name }) {
  const ports = await freePorts('rtmp', 'http', 'https');
  const pair = await authority.issue(join(directory, 'certificate'), name);
  const server = start('node-media-server', process.execPath, [
    PROGRAM,
    JSON.stringify({
      bind: '127.0.0.1',
      rtmp: { port: ports.rtmp },
      http: { port: ports.http },
      https: { port: ports.https, cert: pair.chain, key: pair.key },
      store: { path: join(directory, 'store') },
      webadmin: { enable: false },
    }),
  ]);
  const origin = {
    server,
    url: `http://127.0.0.1:${ports.http}`,
    ports,
    push: `rtmp://127.0.0.1:${ports.rtmp}/live/stream`,
    path: '/live/stream.flv',
  };
  await until('node-media-server to listen', () => server.assertAlive() && answers(origin.url));
  return origin;
}

async function answers(url) {
  return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).status > 0;
}

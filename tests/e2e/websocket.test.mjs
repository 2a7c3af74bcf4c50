// WS-FLV from node-media-server through Lockgate.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { played } from './support/browser.mjs';
import { assertSameStream } from './support/same-stream.mjs';
import { FLV, Stage } from './support/stage.mjs';
import { watch } from './support/viewers.mjs';
import { until } from './support/wait.mjs';

// About four seconds of the stream.
const BYTES = 200_000;

const stage = new Stage();
before(() => stage.set());
after(() => stage.stop());

for (const scheme of ['wss', 'ws']) {
  test(`a viewer over ${scheme} gets the stream as the origin sends it`, async () => {
    const { path, ports } = stage.origins.flv;
    const [seen, direct] = await Promise.all([
      collect(edgeUrl(scheme, path)),
      collect(`ws://127.0.0.1:${ports.http}${path}`),
    ]);
    assertSameStream(seen, direct);
  });
}

test('mpegts.js plays in Chromium over wss', async () => {
  const url = edgeUrl('wss', stage.origins.flv.path);
  const page = await stage.browser.open(stage.player('mpegts', url));
  await played(page, 5);
  const [player] = await page.evaluate(() => window.players.map((player) => player.figures()));
  assert.deepEqual(player.errors, []);
  await page.close();
});

test('Chromium opens it as a stream of the HTTP/2 connection that it has', async () => {
  const { path } = stage.origins.flv;
  const page = await stage.browser.open(stage.player('mpegts'));
  // Any answer will do: what counts is the connection. It sends cookies, as a WebSocket does.
  const first = stage.edge.url(FLV, '/nothing');
  await page.evaluate((url) => fetch(url, { mode: 'no-cors', credentials: 'include' }), first);
  await page.goto(stage.player('mpegts', edgeUrl('wss', path)));
  await played(page, 5);
  const [player] = await page.evaluate(() => window.players.map((player) => player.figures()));
  assert.deepEqual(player.errors, []);
  await page.close();
  const isOurs = ({ domain, protocol, status }) => domain === FLV && protocol === 'HTTP/2' && status === 101;
  await until('its record', () => stage.edge.records('INFO')
    .some((record) => record.message === 'stream ended' && isOurs(record)));
});

function edgeUrl(scheme, path) {
  return stage.edge.url(FLV, path, scheme.replace('ws', 'http')).replace('http', 'ws');
}

async function collect(url) {
  const chunks = [];
  const viewer = watch({ kind: 'ws', url, ca: await stage.authority.pem() });
  viewer.onData = (chunk) => chunks.push(chunk);
  try {
    await until(`${BYTES} bytes of ${url}`, () => viewer.meter.bytes >= BYTES || viewer.ended);
    assert.equal(viewer.ended, null);
  } finally {
    viewer.close();
  }
  return Buffer.concat(chunks);
}

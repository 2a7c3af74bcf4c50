// HTTP-FLV from node-media-server through Lockgate to curl, ffmpeg and mpegts.js.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { played } from './support/browser.mjs';
import { Curl, VERSIONS } from './support/curl.mjs';
import { assertSameStream } from './support/same-stream.mjs';
import { FLV, Stage } from './support/stage.mjs';
import { until } from './support/wait.mjs';

// About four seconds of the stream.
const BYTES = 200_000;

const stage = new Stage();
before(() => stage.set());
after(() => stage.stop());

for (const version of Object.keys(VERSIONS)) {
  test(`curl over TLS and ${version} gets the stream as the origin sends it`, async () => {
    const curl = new Curl(version, stage.authority);
    const { path, url } = stage.origins.flv;
    const [seen, direct] = await Promise.all([
      curl.watch(stage.edge.url(FLV, path), BYTES),
      new Curl('HTTP/1.1', stage.authority).watch(url + path, BYTES),
    ]);
    assert.equal(seen.status, 200);
    assert.equal(seen.version, version === 'HTTP/2' ? 'HTTP/2' : 'HTTP/1.1');
    assertSameStream(seen.body, direct.body);
  });
}

test('curl over plain HTTP gets the stream too', async () => {
  const curl = new Curl('HTTP/1.1', stage.authority);
  const { path } = stage.origins.flv;
  const seen = await curl.watch(stage.edge.url(FLV, path, 'http'), BYTES);
  assert.equal(seen.status, 200);
});

test('ffprobe sees H.264 and AAC over https', async () => {
  const url = stage.edge.url(FLV, stage.origins.flv.path);
  assert.deepEqual(await stage.ffmpeg.probe(url), { video: 'h264', audio: 'aac' });
});

test('ffmpeg decodes five seconds over https without a complaint', async () => {
  const url = stage.edge.url(FLV, stage.origins.flv.path);
  const { frames, complaints } = await stage.ffmpeg.decode(url, 5);
  assert.equal(complaints, '');
  assert.ok(frames >= 5 * 24, `only ${frames} frames in 5 s`);
});

test('mpegts.js plays in Chromium over https', async () => {
  const url = stage.edge.url(FLV, stage.origins.flv.path);
  const page = await stage.browser.open(stage.player('mpegts', url));
  await played(page, 5);
  const [player] = await page.evaluate(() => window.players.map((player) => player.figures()));
  assert.deepEqual(player.errors, []);
  await page.close();
});

test('the viewers are counted, and counted out when they leave', async () => {
  // A domain that nobody has watched yet has no such metric.
  const viewers = async () => (await stage.edge.metric('lockgate_viewers', `domain="${FLV}"`)) ?? 0;
  await until('no viewer at the start', async () => (await viewers()) === 0);
  const curl = new Curl('HTTP/2', stage.authority);
  const watching = curl.watch(stage.edge.url(FLV, stage.origins.flv.path), BYTES);
  await until('one viewer', async () => (await viewers()) === 1);
  await watching;
  await until('no viewer at the end', async () => (await viewers()) === 0);
});

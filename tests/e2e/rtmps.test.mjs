// RTMPS through a tcp listener of Lockgate: ffmpeg plays from node-media-server and publishes to it.

import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { FLV, HLS, Stage } from './support/stage.mjs';
import { until } from './support/wait.mjs';

const DOMAIN = `domain="${FLV}"`;

const stage = new Stage();
before(() => stage.set());
after(() => stage.stop());

test('ffprobe sees H.264 and AAC over rtmps', async () => {
  const url = stage.edge.url(FLV, '/live/stream', 'rtmps');
  assert.deepEqual(await stage.ffmpeg.probe(url), { video: 'h264', audio: 'aac' });
});

test('what ffmpeg publishes over rtmps is watched over https', { timeout: 120_000 }, async () => {
  const received = () => stage.edge.metric('lockgate_request_bytes_total', DOMAIN);
  const before = (await received()) ?? 0;
  await serveWithoutName();
  const publishing = stage.ffmpeg.publish(
    stage.origins.flv.push,
    stage.edge.url('127.0.0.1', '/live/again', 'rtmps'),
    { name: FLV, seconds: 15 },
  );
  await until('two seconds of the stream', async () => (await received()) > before + 100_000);
  const { frames, complaints } =
    await stage.ffmpeg.decode(stage.edge.url(FLV, '/live/again.flv'), 5);
  assert.equal(complaints, '');
  assert.ok(frames >= 5 * 24, `only ${frames} frames in 5 s`);
  await publishing;
  await until('the relays to be over', async () =>
    (await stage.edge.metric('lockgate_relays_total', `${DOMAIN},result="served"`)) === 2);
});

test('a domain without origins for it is not served there', async () => {
  const url = stage.edge.url(HLS, '/live/stream', 'rtmps');
  await assert.rejects(stage.ffmpeg.probe(url));
  const refused = `domain="${HLS}",result="no_tcp_origin"`;
  assert.equal(await stage.edge.metric('lockgate_handshakes_total', refused), 1);
});

// A client that is given an address has no name to send.
async function serveWithoutName() {
  const generation = await stage.edge.generation();
  const file = join(stage.configuration.directory, 'lockgate.toml');
  await appendFile(file, `[tls]\ndefault_domain = "${FLV}"\n`);
  await until('the default domain', async () => (await stage.edge.generation()) > generation);
}

// HLS and DASH from nginx through Lockgate to curl, ffmpeg and hls.js.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { played } from './support/browser.mjs';
import { Curl, VERSIONS } from './support/curl.mjs';
import { HLS, Stage } from './support/stage.mjs';

const stage = new Stage();
before(() => stage.set());
after(() => stage.stop());

for (const version of Object.keys(VERSIONS)) {
  test(`curl over ${version} gets playlist and segment as they are at the origin`, async () => {
    const curl = new Curl(version, stage.authority);
    const playlist = await curl.request(through(stage.origins.hls.playlist));
    assert.equal(playlist.version, version);
    assert.equal(playlist.status, 200);
    assert.equal(playlist.headers['content-type'], 'application/vnd.apple.mpegurl');

    const path = newestSegment(playlist);
    const [segment, original] = await both(curl, path);
    assert.equal(segment.headers['content-type'], 'video/mp2t');
    assert.ok(segment.body.length > 10_000);
    assert.ok(segment.body.equals(original.body));
  });

  test(`a Range over ${version} is a 206 with just these bytes`, async () => {
    const curl = new Curl(version, stage.authority);
    const [part, original] = await both(curl, await segmentPath(curl), '--range', '188-375');
    assert.equal(part.status, 206);
    assert.equal(part.headers['content-range'], original.headers['content-range']);
    assert.equal(part.body.length, 188);
    assert.ok(part.body.equals(original.body));
  });

  test(`HEAD over ${version} has the headers of GET and no body`, async () => {
    const curl = new Curl(version, stage.authority);
    const path = await segmentPath(curl);
    const head = await curl.request(through(path), '--head');
    const get = await curl.request(through(path));
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    for (const name of ['content-length', 'content-type', 'etag', 'last-modified']) {
      assert.equal(head.headers[name], get.headers[name], name);
    }
  });

  test(`an unchanged segment over ${version} is a 304`, async () => {
    const curl = new Curl(version, stage.authority);
    const path = await segmentPath(curl);
    const { headers } = await curl.request(through(path));
    const again = await curl.request(through(path), '--header', `If-None-Match: ${headers.etag}`);
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
  });

  test(`curl over ${version} gets the DASH manifest and what it names`, async () => {
    const curl = new Curl(version, stage.authority);
    const manifest = await curl.request(through(stage.origins.hls.manifest));
    assert.equal(manifest.status, 200);
    assert.equal(manifest.headers['content-type'], 'application/dash+xml');
    assert.match(manifest.body.toString(), /<MPD[^]*<\/MPD>/);

    const [seen, original] = await both(curl, initialization(manifest));
    assert.equal(seen.status, 200);
    assert.ok(seen.body.equals(original.body));
  });
}

test('ffmpeg plays HLS over https for eight seconds without a complaint', async () => {
  const { frames, complaints } = await stage.ffmpeg.decode(through(stage.origins.hls.playlist), 8);
  assert.equal(complaints, '');
  assert.ok(frames >= 8 * 24, `only ${frames} frames in 8 s`);
});

test('ffprobe sees H.264 and AAC in the DASH stream', async () => {
  const url = through(stage.origins.hls.manifest);
  assert.deepEqual(await stage.ffmpeg.probe(url), { video: 'h264', audio: 'aac' });
});

test('hls.js plays in Chromium over https', async () => {
  const page = await stage.browser.open(stage.player('hls', through(stage.origins.hls.playlist)));
  await played(page, 6);
  const [player] = await page.evaluate(() => window.players.map((player) => player.figures()));
  assert.deepEqual(player.errors, []);
  await page.close();
});

function through(path) {
  return stage.edge.url(HLS, path);
}

/** The answer through Lockgate and the one at the origin. */
function both(curl, path, ...options) {
  return Promise.all([
    curl.request(through(path), ...options),
    curl.request(stage.origins.hls.url + path, ...options),
  ]);
}

async function segmentPath(curl) {
  return newestSegment(await curl.request(through(stage.origins.hls.playlist)));
}

function newestSegment(playlist) {
  const names = playlist.body.toString().split('\n').filter((line) => line.endsWith('.ts'));
  return `/hls/${names.at(-1)}`;
}

/** The path of the first representation's initialization segment. */
function initialization(manifest) {
  const text = manifest.body.toString();
  const [, template] = text.match(/initialization="([^"]+)"/);
  const [, id] = text.match(/<Representation[^>]* id="([^"]+)"/);
  return `/dash/${template.replace('$RepresentationID$', id)}`;
}

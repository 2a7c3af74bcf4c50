// What a newcomer sees: the shipped configuration with its built-in stream.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';

import { played, startBrowser } from './support/browser.mjs';
import { startEdge } from './support/edge.mjs';
import { Ffmpeg } from './support/ffmpeg.mjs';
import { copyShipped, domains, exampleAuthority } from './support/shipped.mjs';
import { startTunnel } from './support/tunnel.mjs';
import { workplace } from './support/workplace.mjs';

const SECONDS = 12;
// The clip has 25 frames a second; the last may still be on its way.
const FEWEST_FRAMES = SECONDS * 24;

const directory = workplace();
const running = [];
let edge;
let name;
let authority;

before(async () => {
  const configuration = await copyShipped(directory);
  name = boundDomain(await domains(configuration));
  authority = await exampleAuthority(directory);
  edge = await keep(startEdge(configuration));
});

after(async () => {
  for (const thing of running.reverse()) await thing.stop();
});

test('the page at / plays in Chromium over https', async () => {
  const browser = await keep(startBrowser(join(directory, 'home'), authority, [name]));
  const page = await browser.open(edge.url(name, '/'));
  await played(page, 5);
  assert.deepEqual(page.complaints, []);
  await page.close();
});

for (const path of ['/live/demo.flv', '/live/demo.m3u8']) {
  test(`ffmpeg decodes ${SECONDS} s of ${path} over https without a complaint`, async () => {
    const player = new Ffmpeg(authority, await keep(startTunnel()));
    const { frames, complaints } = await player.decode(edge.url(name, path), SECONDS);
    assert.equal(complaints, '');
    assert.ok(frames >= FEWEST_FRAMES, `only ${frames} frames in ${SECONDS} s`);
  });
}

async function keep(starting) {
  const thing = await starting;
  running.push(thing);
  return thing;
}

/** A domain that serves the demonstration over https, under one plain name. */
function boundDomain(tables) {
  const found = tables.find((table) =>
    table.certificate && table.https !== false && table.http !== 'redirect'
    && table.origins?.includes('demo:') && !table.name.startsWith('*.'));
  assert.ok(found, `no such domain among ${tables.map((table) => table.name)}`);
  return found.name;
}

// Viewers of each kind play for a minute while their certificate rotates a
// hundred times and other domains change a hundred times.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Audience } from './support/audience.mjs';
import { DomainChanges, Rotations } from './support/changes.mjs';
import { CERTIFICATE, FLV, HLS, PAGE, Stage } from './support/stage.mjs';
import { percentile, table } from './support/table.mjs';

const CHANGES = 100;
const PERIOD = 600;
/** Milliseconds that a gap may be longer than the direct viewer's longest. */
const LONGEST_EXCESS = 50;
/** Milliseconds from the last rename to the new leaf, for 99 of 100. */
const LONGEST_DELAY = 300;
const ATTEMPTS = 3;

const stage = new Stage();
before(() => stage.set());
after(() => stage.stop());

test('no viewer notices 100 rotations and 100 changes of other domains', { timeout: 400_000 }, async (t) => {
  const { edge, configuration } = stage;
  const ca = await stage.authority.pem();
  await DomainChanges.prepare(configuration, stage.authority);
  const changes = new DomainChanges({ edge, configuration, ca });
  const rotations = new Rotations({ edge, configuration, certificate: CERTIFICATE, name: FLV, ca });
  const audience = await Audience.gather(stage);
  t.after(() => audience.stop());

  // One of each before the measurement, so that whatever starts late has started.
  await prepare(rotations, 1);
  await rotations.next();
  await changes.next();

  const { start, end, report } = await fairMinute(audience, rotations, changes);
  for (const { viewer, excess } of report.rows) {
    assert.ok(excess <= LONGEST_EXCESS, `${viewer}: ${excess} ms above the direct viewer`);
  }
  assert.ok(percentile(rotations.delays, 0.99) < LONGEST_DELAY, 'new certificates were served late');
  assert.deepEqual(edge.children(), [], 'Lockgate has started processes');
  assert.ok(end.threads <= start.threads, `threads grew: ${start.threads} → ${end.threads}`);
  assert.ok(end.generation - start.generation >= CHANGES, 'not every rotation was published');
});

/**
 * The first minute that can decide. A clock that was wrong by more than the
 * excess allowed cannot tell a gap of the stream from one of this machine: such
 * a minute is measured again. A disconnect or an error counts in any minute.
 */
async function fairMinute(audience, rotations, changes) {
  for (let attempt = 1; ; attempt += 1) {
    const minute = await measure(audience, rotations, changes);
    const { rows, disconnected, errors, lag } = minute.report;
    assert.deepEqual(disconnected, [], 'a viewer was disconnected');
    assert.deepEqual(errors, [], 'a player had errors');
    assert.ok(stage.edge.program.assertAlive());
    assert.deepEqual(stage.edge.records('WARN', 'ERROR'), []);
    const fair = lag <= LONGEST_EXCESS || rows.every(({ excess }) => excess <= LONGEST_EXCESS);
    if (fair || attempt === ATTEMPTS) return minute;
    console.log('this machine stood still: the minute decides nothing');
  }
}

async function measure(audience, rotations, changes) {
  await prepare(rotations, CHANGES);
  const start = await state();
  await audience.reset();
  await changeForAMinute(rotations, changes);
  const report = await audience.report();
  const end = await state();

  console.log(table(report.rows));
  console.log(`clocks of the test: longest lag ${report.lag.toFixed(1)} ms`);
  console.log(`from rename to new leaf: ${delays(rotations.delays)}`);
  console.log(`threads ${start.threads} → ${end.threads}, generation ${start.generation} → ${end.generation}`);
  return { start, end, report };
}

async function state() {
  return { threads: stage.edge.threads(), generation: await stage.edge.generation() };
}

function prepare(rotations, count) {
  return rotations.prepare(stage.authority, join(stage.directory, 'spares'), count, [FLV, HLS, PAGE]);
}

async function changeForAMinute(rotations, changes) {
  const start = performance.now();
  const at = (moment) => pause(Math.max(0, start + moment - performance.now()));
  for (let i = 0; i < CHANGES; i += 1) {
    await at(i * PERIOD);
    await rotations.next();
    await at(i * PERIOD + PERIOD / 2);
    await changes.next();
  }
  await at(CHANGES * PERIOD);
}

function delays(values) {
  const shares = { p50: 0.5, p99: 0.99, longest: 1 };
  return Object.entries(shares)
    .map(([name, share]) => `${name} ${percentile(values, share).toFixed(0)} ms`)
    .join(', ');
}

// Viewers in a light process of their own, so that nothing but their data
// keeps its event loop busy. Its only argument is the list of viewers as JSON.
// Messages: in `reset` and `report`; out `watching` and the figures.

import { Clock } from './clock.mjs';
import { watch } from './viewers.mjs';
import { until } from './wait.mjs';

const viewers = JSON.parse(process.argv[2])
  .map(({ name, ...options }) => ({ name, seen: watch(options) }));
const clock = new Clock();

process.on('message', (message) => (message === 'reset' ? reset() : report()));
process.on('disconnect', () => process.exit());

await until('every viewer to receive data', () => viewers.every(({ seen }) => settled(seen)));
process.send('watching');

function settled(seen) {
  return seen.meter.pieces > 10 || seen.ended !== null;
}

function reset() {
  for (const { seen } of viewers) seen.meter.reset();
  clock.reset();
}

function report() {
  const figures = viewers
    .map(({ name, seen }) => ({ name, ...seen.meter.figures(), ended: seen.ended }));
  process.send({ figures, lag: clock.lag() });
}

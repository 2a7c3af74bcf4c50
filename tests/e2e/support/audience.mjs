// A viewer of each kind through Lockgate, and beside each the same viewer at
// the origin directly: what both see is the origin's or the machine's doing,
// what only ours sees is Lockgate's.

import { played } from './browser.mjs';
import { Clock } from './clock.mjs';
import { FLV, HLS } from './stage.mjs';
import { startWatchers } from './watchers.mjs';

export class Audience {
  #watchers;
  #page;
  #clock = new Clock();

  /** Resolves once all of them play. */
  static async gather(stage) {
    const audience = new Audience();
    const ca = await stage.authority.pem();
    audience.#watchers = await startWatchers(flvViewers(stage, ca.toString()));
    audience.#page = await stage.browser.open(hlsPlayers(stage));
    await played(audience.#page, 3);
    return audience;
  }

  /** The figures start anew. */
  async reset() {
    this.#clock.reset();
    this.#watchers.reset();
    await this.#page.evaluate(() => window.players.forEach((player) => player.reset()));
  }

  /**
   * Since `reset`: a row of figures for each kind, the viewers that were
   * disconnected (nobody should be), what players complained of, and by how
   * many milliseconds the clocks here were wrong.
   */
  async report() {
    const { figures, lag } = await this.#watchers.report();
    const players = await this.#page.evaluate(() => window.players.map((player) => player.figures()));
    return {
      rows: [...flvRows(figures), ...hlsRows(players)],
      disconnected: figures.filter((viewer) => viewer.ended !== null),
      errors: players.flatMap((player) => player.errors),
      lag: Math.max(lag, this.#clock.lag()),
    };
  }

  async stop() {
    await this.#watchers.stop();
    await this.#page.close();
  }
}

function flvViewers(stage, ca) {
  const { url, path, ports } = stage.origins.flv;
  const through = stage.edge.url(FLV, path);
  return [
    { name: 'HTTP-FLV h1', kind: 'h1', url: through, ca },
    { name: 'HTTP-FLV h1 direct', kind: 'h1', url: url + path },
    { name: 'HTTP-FLV h2', kind: 'h2', url: through, ca },
    { name: 'HTTP-FLV h2 direct', kind: 'h2', url: `https://${FLV}:${ports.https}${path}`, ca },
    { name: 'WS-FLV', kind: 'ws', url: through.replace('https', 'wss'), ca },
    { name: 'WS-FLV direct', kind: 'ws', url: url.replace('http', 'ws') + path },
  ];
}

/** One page plays both, so that the browser's own hiccups meet both alike. */
function hlsPlayers(stage) {
  const { url, playlist } = stage.origins.hls;
  return stage.player('hls', stage.edge.url(HLS, playlist), url + playlist);
}

function flvRows(figures) {
  return pairs(figures).map(([through, direct]) =>
    row(`${through.name}: gap`, through.pieces, through.longest, direct.longest, through.longestAt));
}

// A player has a buffer. A load that takes long is a gap in its data; a
// standstill is what the person in front of it sees.
function hlsRows(players) {
  return pairs(players).flatMap(([through, direct]) => [
    row('HLS in Chromium: load', through.loads, through.longestLoad, direct.longestLoad),
    row('HLS in Chromium: standstill', through.frames, through.longestStandstill, direct.longestStandstill),
  ]);
}

function row(viewer, pieces, longest, direct, at) {
  const second = at === undefined ? '' : at / 1_000;
  return { viewer, pieces, 'longest (ms)': longest, 'at (s)': second, 'direct (ms)': direct, excess: longest - direct };
}

function pairs(list) {
  return list.flatMap((item, i) => (i % 2 === 0 ? [[item, list[i + 1]]] : []));
}

// Plays each address of the query side by side:
//   /?player=hls&url=https://…/stream.m3u8&url=http://…/stream.m3u8
// The tests read `window.players`.

/* global Hls, mpegts */

const SAMPLE_EVERY = 10;

class Player {
  constructor(url) {
    this.url = url;
    this.folder = url.slice(0, url.lastIndexOf('/') + 1);
    this.errors = [];
    this.video = document.createElement('video');
    this.video.muted = true;
    this.video.addEventListener('error', () => this.fail('video', this.video.error));
    this.video.addEventListener('waiting', () => { this.waits += 1; });
    document.body.append(this.video);
    this.reset();
  }

  start(attach) {
    attach(this);
    this.video.play().catch((error) => this.fail('play', error));
  }

  fail(what, error) {
    this.errors.push(`${what}: ${error?.message ?? error}`);
  }

  /** Forgets the figures so far. */
  reset() {
    this.waits = 0;
    this.loads = 0;
    this.longestLoad = 0;
    this.longestStandstill = 0;
    this.position = this.video.currentTime;
    this.moved = performance.now();
  }

  sample() {
    const now = performance.now();
    this.longestStandstill = Math.max(this.longestStandstill, now - this.moved);
    if (this.video.currentTime === this.position) return;
    this.position = this.video.currentTime;
    this.moved = now;
  }

  /** One playlist or segment has come, `duration` ms after it was asked for. */
  loaded(duration) {
    this.loads += 1;
    this.longestLoad = Math.max(this.longestLoad, duration);
  }

  figures() {
    const { url, errors, waits, loads, longestLoad, longestStandstill } = this;
    const { totalVideoFrames: frames } = this.video.getVideoPlaybackQuality();
    return { url, errors, waits, loads, longestLoad, longestStandstill, frames };
  }
}

function attachHls(player) {
  const hls = new Hls();
  hls.on(Hls.Events.ERROR, (_, data) => player.fail(data.details, data.error));
  hls.loadSource(player.url);
  hls.attachMedia(player.video);
}

function attachMpegts(player) {
  const source = { type: 'flv', isLive: true, url: player.url };
  const stream = mpegts.createPlayer(source, { enableStashBuffer: false });
  stream.on(mpegts.Events.ERROR, (kind, detail) => player.fail(kind, detail));
  stream.on(mpegts.Events.LOADING_COMPLETE, () => player.fail('stream', 'it ended'));
  stream.attachMediaElement(player.video);
  stream.load();
}

// The browser's own account of its requests: the libraries take the time when
// their script gets to run, which a busy page delays.
function observeLoads(players) {
  const observer = new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    players.find((player) => entry.name.startsWith(player.folder))?.loaded(entry.duration);
  }));
  observer.observe({ type: 'resource' });
}

const query = new URLSearchParams(location.search);
const attach = { hls: attachHls, mpegts: attachMpegts }[query.get('player')];

window.players = query.getAll('url').map((url) => new Player(url));
observeLoads(window.players);
window.players.forEach((player) => player.start(attach));
// One timer for all of them: what delays it delays them alike.
setInterval(() => window.players.forEach((player) => player.sample()), SAMPLE_EVERY);

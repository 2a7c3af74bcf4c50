"use strict";

const video = document.querySelector("video");
const streams = {
  flv: new URL("live/demo.flv", document.baseURI).href,
  hls: new URL("live/demo.m3u8", document.baseURI).href,
};
const TYPE = 'video/mp4; codecs="avc1.4d401e, mp4a.40.2"';

// Seconds behind the newest segment: where a jump lands, and what is too far.
const BEHIND = 4;
const TOO_FAR = 12;
// Seconds already played that stay in the buffer.
const KEPT = 10;

showPage();
play();

function play() {
  // Safari on iPhones has no MediaSource but plays HLS by itself.
  if (window.MediaSource?.isTypeSupported(TYPE)) playSegments();
  else if (video.canPlayType("application/vnd.apple.mpegurl")) video.src = streams.hls;
  else return showState("This browser cannot play H.264; try one of the addresses below");
  video.play().catch(() => showState("Press play"));
}

async function playSegments() {
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  await event(source, "sourceopen");
  source.duration = Infinity;
  const buffer = source.addSourceBuffer(TYPE);
  let next = 0;
  while (source.readyState === "open") {
    try {
      // A pause stops the download too; what follows it begins at the live edge.
      if (!video.paused || next === 0) next = await fill(buffer, next);
      if (!video.paused && video.readyState > HTMLMediaElement.HAVE_CURRENT_DATA) showPlaying();
    } catch {
      showState("Reconnecting");
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
  showState("The stream broke; reload the page");
}

/** Appends what the playlist has from segment `next` on; returns the next one. */
async function fill(buffer, next) {
  const list = parse(await (await get(streams.hls)).text());
  const end = list.first + list.segments.length;
  if (next === 0) {
    next = Math.max(list.first, end - 3);
    // The stream's own time counts from 1970; the controls should count from here.
    buffer.timestampOffset = -next * list.seconds;
    await append(buffer, list.init);
  }
  for (next = Math.max(next, list.first); next < end; next++) {
    await append(buffer, list.segments[next - list.first]);
    stayLive();
  }
  await trim(buffer);
  return next;
}

function parse(playlist) {
  const tag = (pattern) => playlist.match(pattern)?.[1];
  return {
    init: tag(/^#EXT-X-MAP:URI="(.*)"/m),
    first: Number(tag(/^#EXT-X-MEDIA-SEQUENCE:(\d+)/m)),
    seconds: Number(tag(/^#EXTINF:([\d.]+)/m)),
    segments: playlist.split("\n").filter((line) => line && !line.startsWith("#")),
  };
}

async function append(buffer, name) {
  buffer.appendBuffer(await (await get(new URL(name, streams.hls))).arrayBuffer());
  await event(buffer, "updateend");
}

async function trim(buffer) {
  const start = video.currentTime - KEPT;
  if (!video.buffered.length || video.buffered.start(0) > start - KEPT) return;
  buffer.remove(0, start);
  await event(buffer, "updateend");
}

/** Jumps towards the live edge after a pause, a sleep or a break of the network. */
function stayLive() {
  const { buffered, currentTime } = video;
  if (!buffered.length) return;
  const range = buffered.length - 1;
  const [start, end] = [buffered.start(range), buffered.end(range)];
  if (currentTime >= start && currentTime > end - TOO_FAR) return;
  video.currentTime = Math.max(start, end - BEHIND);
}

async function get(url) {
  const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

function event(target, name) {
  return new Promise((done) => target.addEventListener(name, done, { once: true }));
}

function showPage() {
  const protocol = document.createElement("b");
  protocol.textContent = location.protocol.slice(0, -1).toUpperCase();
  protocol.className = location.protocol === "https:" ? "" : "plain";
  document.getElementById("where").append(protocol, " ", location.host);
  for (const [id, url] of Object.entries(streams)) showAddress(document.getElementById(id), url);

  video.addEventListener("playing", showPlaying);
  video.addEventListener("waiting", () => showState("Buffering"));
  video.addEventListener("pause", () => showState("Paused"));
  video.addEventListener("error", () => showState(`Cannot play: ${video.error.message}`));
  const sound = document.getElementById("sound");
  sound.addEventListener("click", () => (video.muted = !video.muted));
  video.addEventListener("volumechange", () => {
    sound.textContent = video.muted ? "Sound on" : "Sound off";
  });
}

function showAddress(input, url) {
  input.value = url;
  input.nextElementSibling.addEventListener("click", ({ target }) => {
    input.select();
    // Over plain HTTP a page has no navigator.clipboard.
    document.execCommand("copy");
    target.textContent = "Copied";
    setTimeout(() => (target.textContent = "Copy"), 1500);
  });
}

function showPlaying() {
  showState("Playing", "playing");
}

function showState(text, className = "") {
  const state = document.getElementById("state");
  state.textContent = text;
  state.className = className;
}

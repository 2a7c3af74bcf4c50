// Viewers that only read and keep time: HTTP-FLV over h1 and h2, WS-FLV.

import { get as getPlain } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { get as getSecure } from 'node:https';
import { connect as connectTls } from 'node:tls';

import WebSocket from 'ws';

import { GapMeter } from './gaps.mjs';

/**
 * Starts a viewer. `kind` is `h1`, `h2` or `ws`; every name in `url` is taken
 * to be on loopback; `ca` is the authority's certificate as PEM.
 */
export function watch({ kind, url, ca }) {
  const viewer = new Viewer();
  OPEN[kind](viewer, new URL(url), ca);
  return viewer;
}

class Viewer {
  meter = new GapMeter();
  /** Why the stream is over; a live stream never ends by itself. */
  ended = null;
  /** Called with each piece of data. */
  onData = () => {};
  close = () => {};

  arrived(data) {
    this.meter.arrived(data.length);
    this.onData(data);
  }

  end(reason) {
    this.ended ??= reason;
  }
}

const OPEN = { h1: openHttp1, h2: openHttp2, ws: openWebSocket };

function openHttp1(viewer, url, ca) {
  const get = url.protocol === 'https:' ? getSecure : getPlain;
  const request = get(url, { ca, lookup: loopback, agent: false, ALPNProtocols: ['http/1.1'] });
  request.on('response', (response) => {
    if (response.statusCode !== 200) viewer.end(`status ${response.statusCode}`);
    follow(viewer, response);
  });
  request.on('error', (error) => viewer.end(error.message));
  viewer.close = () => request.destroy();
}

function openHttp2(viewer, url, ca) {
  const session = connectHttp2(url.origin, {
    createConnection: () => connectTls({
      host: '127.0.0.1', port: Number(url.port), servername: url.hostname, ca, ALPNProtocols: ['h2'],
    }),
  });
  session.on('error', (error) => viewer.end(error.message));
  session.on('goaway', (code) => viewer.end(`GOAWAY ${code}`));
  session.on('close', () => viewer.end('connection closed'));
  const stream = session.request({ ':path': url.pathname });
  stream.on('response', (headers) => {
    if (headers[':status'] !== 200) viewer.end(`status ${headers[':status']}`);
  });
  follow(viewer, stream);
  viewer.close = () => session.destroy();
}

function openWebSocket(viewer, url, ca) {
  const socket = new WebSocket(url, { ca, lookup: loopback });
  socket.on('message', (data) => viewer.arrived(data));
  socket.on('close', (code) => viewer.end(`closed with ${code}`));
  socket.on('error', (error) => viewer.end(error.message));
  viewer.close = () => socket.terminate();
}

function follow(viewer, stream) {
  stream.on('data', (data) => viewer.arrived(data));
  stream.on('aborted', () => viewer.end('aborted'));
  stream.on('end', () => viewer.end('end of stream'));
  stream.on('error', (error) => viewer.end(error.message));
}

/** A name look-up that knows one answer (Node asks for one or for all). */
function loopback(_, options, done) {
  if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
}

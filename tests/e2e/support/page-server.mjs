// A small origin for the player pages and the two player libraries.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const FILES = {
  '/': ['pages/player.html', 'text/html; charset=utf-8'],
  '/player.js': ['pages/player.js', 'text/javascript; charset=utf-8'],
  '/hls.js': ['node_modules/hls.js/dist/hls.min.js', 'text/javascript; charset=utf-8'],
  '/mpegts.js': ['node_modules/mpegts.js/dist/mpegts.js', 'text/javascript; charset=utf-8'],
};

export async function startPageServer() {
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function serve(request, response) {
  const path = new URL(request.url, 'http://page').pathname;
  if (!(path in FILES)) {
    response.writeHead(404).end();
    return;
  }
  const [file, type] = FILES[path];
  const body = await readFile(fileURLToPath(new URL(`../${file}`, import.meta.url)));
  response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
}

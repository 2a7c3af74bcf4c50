// A CONNECT proxy that takes every name to be on loopback.
//
// ffmpeg and ffprobe resolve names by the system's resolver alone, and our
// names are in no DNS and in no hosts file. Through a tunnel they still speak
// TLS to Lockgate itself, with the name as SNI and Host.

import { createServer } from 'node:http';
import { connect } from 'node:net';

export async function startTunnel() {
  const server = createServer((_, response) => response.writeHead(405).end());
  const sockets = new Set();
  server.on('connect', (request, client, head) => {
    const port = Number(request.url.slice(request.url.lastIndexOf(':') + 1));
    const upstream = connect({ host: '127.0.0.1', port });
    join(client, upstream, head);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}

function join(client, upstream, head) {
  upstream.once('connect', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    upstream.write(head);
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => client.destroy());
  client.on('error', () => upstream.destroy());
}

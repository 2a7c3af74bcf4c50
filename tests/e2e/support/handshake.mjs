// One TLS handshake on loopback: which certificate is served for a name?

import { connect } from 'node:tls';

import { bounded } from './wait.mjs';

/** The leaf's SHA-256, or `null` when the name is refused; other failures throw. */
export async function servedLeaf({ port, name, ca }) {
  const socket = connect({ host: '127.0.0.1', port, servername: name, ca });
  try {
    return await bounded(`the handshake for ${name}`, 3_000, leafOf(socket));
  } finally {
    // A client that just left might do so with its half of the handshake unsent.
    socket.end();
  }
}

function leafOf(socket) {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket.getPeerX509Certificate().fingerprint256));
    socket.on('error', (error) => {
      if (error.code === 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME') resolve(null);
      else reject(error);
    });
  });
}

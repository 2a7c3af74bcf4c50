// nginx with its RTMP module: takes a live stream, serves it as HLS and DASH.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePorts } from './ports.mjs';
import { start } from './process.mjs';
import { until } from './wait.mjs';

const MODULE = '/usr/lib/nginx/modules/ngx_rtmp_module.so';

/** `directory` becomes the root that is served. */
export async function startNginx(directory) {
  const ports = await freePorts('rtmp', 'http');
  await mkdir(join(directory, 'temp'), { recursive: true });
  const file = join(directory, 'nginx.conf');
  await writeFile(file, configuration(directory, ports));

  const server = start('nginx', 'nginx', ['-c', file, '-e', 'stderr']);
  const origin = {
    server,
    url: `http://127.0.0.1:${ports.http}`,
    push: `rtmp://127.0.0.1:${ports.rtmp}/live/stream`,
    playlist: '/hls/stream.m3u8',
    manifest: '/dash/stream.mpd',
  };
  await until('nginx to listen', () => server.assertAlive() && answers(origin.url));
  return origin;
}

/** Waits until the playlist names at least `segments` segments. */
export async function playlistReady(origin, segments) {
  await until(`${segments} HLS segments at nginx`, async () => {
    const answer = await ask(origin.url + origin.playlist);
    return answer.ok && (await answer.text()).split('#EXTINF').length > segments;
  }, { within: 30_000, every: 100 });
}

// One process without workers: it ends when we say so, and nothing stays.
function configuration(directory, ports) {
  return `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr warn;
load_module ${MODULE};
events {}
rtmp {
  server {
    listen 127.0.0.1:${ports.rtmp};
    application live {
      live on;
      hls on;
      hls_path ${directory}/hls;
      hls_fragment 1s;
      hls_playlist_length 8s;
      dash on;
      dash_path ${directory}/dash;
      dash_fragment 1s;
      dash_playlist_length 8s;
    }
  }
}
http {
  access_log off;
  client_body_temp_path ${directory}/temp;
  proxy_temp_path ${directory}/temp;
  fastcgi_temp_path ${directory}/temp;
  uwsgi_temp_path ${directory}/temp;
  scgi_temp_path ${directory}/temp;
  types {
    application/vnd.apple.mpegurl m3u8;
    application/dash+xml mpd;
    video/mp2t ts;
    video/mp4 m4v;
    audio/mp4 m4a;
  }
  server {
    listen 127.0.0.1:${ports.http};
    root ${directory};
    add_header Access-Control-Allow-Origin * always;
    add_header Timing-Allow-Origin * always;
    add_header Cache-Control no-cache;
  }
}
`;
}

async function answers(url) {
  return (await ask(url)).status > 0;
}

function ask(url) {
  return fetch(url, { signal: AbortSignal.timeout(2_000) });
}

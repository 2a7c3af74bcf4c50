// One small encode, pushed by RTMP to every origin.

import { start } from './process.mjs';

const FRAMES_PER_SECOND = 25;

/** `targets` are RTMP addresses that already listen. */
export function startEncoder(targets) {
  const outputs = targets.map((target) => `[f=flv]${target}`).join('|');
  return start('ffmpeg encoder', 'ffmpeg', [
    '-nostdin', '-hide_banner', '-loglevel', 'warning',
    '-re', '-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=${FRAMES_PER_SECOND}`,
    '-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100',
    '-map', '0:v', '-map', '1:a',
    '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-threads', '1',
    '-pix_fmt', 'yuv420p', '-b:v', '300k',
    // A key frame a second: segments of one second, and viewers start at once.
    '-g', `${FRAMES_PER_SECOND}`, '-sc_threshold', '0',
    '-c:a', 'aac', '-b:a', '64k',
    // The tee muxer cannot ask the encoder for global headers; FLV needs them.
    '-flags', '+global_header',
    '-f', 'tee', outputs,
  ]);
}

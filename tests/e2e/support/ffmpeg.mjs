// ffprobe and ffmpeg as players.

import { run } from './process.mjs';

export class Ffmpeg {
  #env;
  #trust;

  /** Verifies certificates against `authority`, reaches names through `tunnel`. */
  constructor(authority, tunnel) {
    this.#env = { http_proxy: tunnel.url, no_proxy: '' };
    this.#trust = ['-tls_verify', '1', '-ca_file', authority.certificate];
  }

  /** What is in the stream: `{ video: 'h264', audio: 'aac' }`. */
  async probe(url) {
    const outcome = await this.#run('ffprobe', [
      ...this.#trust, '-show_entries', 'stream=codec_type,codec_name', '-of', 'json', url,
    ], 30_000);
    const { streams } = JSON.parse(outcome.stdout);
    // FLV's script data is a stream without a codec.
    const coded = streams.filter((stream) => stream.codec_name);
    return Object.fromEntries(coded.map((stream) => [stream.codec_type, stream.codec_name]));
  }

  /**
   * Decodes so many seconds. `frames` are the pictures decoded, `complaints`
   * whatever ffmpeg found to be wrong.
   */
  async decode(url, seconds) {
    const outcome = await this.#run('ffmpeg', [
      '-nostdin', ...this.#trust, '-i', url, '-t', `${seconds}`,
      '-progress', 'pipe:1', '-f', 'null', '-',
    ], (seconds + 30) * 1_000);
    const frames = outcome.stdout.toString().match(/^frame=\d+/gm) ?? ['frame=0'];
    return { frames: Number(frames.at(-1).slice('frame='.length)), complaints: outcome.stderr };
  }

  /**
   * Passes a stream on for so many seconds, as it is, from one address to another one, which is on
   * 127.0.0.1 and has a certificate for `name`. Not through the tunnel: ffmpeg looks between its
   * writes whether something came, and over a proxy it would wait for that.
   */
  publish(from, to, { name, seconds }) {
    return this.#run('ffmpeg', [
      '-nostdin', '-i', from, '-t', `${seconds}`, '-c', 'copy',
      ...this.#trust, '-verifyhost', name, '-f', 'flv', to,
    ], (seconds + 30) * 1_000, { no_proxy: '127.0.0.1' });
  }

  async #run(program, args, within, env = {}) {
    const outcome = await run(program, program, ['-v', 'error', ...args], {
      within, env: { ...this.#env, ...env },
    });
    if (outcome.code !== 0) throw new Error(`${program} failed (${outcome.code}): ${outcome.stderr}`);
    return outcome;
  }
}

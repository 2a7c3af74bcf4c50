// What a test file needs on the stage: origins on the air, Lockgate before
// them, players at hand.

import { join } from 'node:path';

import { startBrowser } from './browser.mjs';
import { Authority } from './certificates.mjs';
import { newConfiguration, startEdge } from './edge.mjs';
import { Ffmpeg } from './ffmpeg.mjs';
import { startOrigins } from './origins.mjs';
import { startPageServer } from './page-server.mjs';
import { startTunnel } from './tunnel.mjs';
import { workplace } from './workplace.mjs';

/** The playback domains; all of them are bound to one certificate. */
export const FLV = 'flv.example.test';
export const HLS = 'hls.example.test';
export const PAGE = 'page.example.test';
export const CERTIFICATE = 'live';

/** Use as `const stage = new Stage()`, `before(() => stage.set())`, `after(() => stage.stop())`. */
export class Stage {
  #toStop = [];

  async set() {
    this.directory = workplace();
    this.authority = await Authority.create(join(this.directory, 'ca'));
    this.origins = await this.#keep(startOrigins(join(this.directory, 'origins'), {
      authority: this.authority,
      flvName: FLV,
    }));
    this.pages = await this.#keep(startPageServer());
    this.tunnel = await this.#keep(startTunnel());
    this.ffmpeg = new Ffmpeg(this.authority, this.tunnel);
    await this.#configure();
    this.edge = await this.#keep(startEdge(this.configuration));
    this.browser = await this.#keep(this.#browser());
  }

  /** The page of the tests' own player, playing these addresses side by side. */
  player(kind, ...urls) {
    const query = new URLSearchParams([['player', kind], ...urls.map((url) => ['url', url])]);
    return this.edge.url(PAGE, `/?${query}`);
  }

  /** Ends everything, newest first, also when `set` failed half-way. */
  async stop() {
    for (const thing of this.#toStop.reverse()) await thing.stop();
  }

  async #keep(starting) {
    const thing = await starting;
    this.#toStop.push(thing);
    return thing;
  }

  #browser() {
    return startBrowser(join(this.directory, 'home'), this.authority, [FLV, HLS, PAGE]);
  }

  async #configure() {
    this.configuration = await newConfiguration(this.directory);
    await this.authority.issue(this.configuration.certificateDirectory(CERTIFICATE), FLV, HLS, PAGE);
    // RTMP as well, where the origin of a domain takes it.
    const tcp = { [FLV]: { 'tcp.rtmps': [`tcp://127.0.0.1:${this.origins.flv.ports.rtmp}`] } };
    const origins = { [FLV]: this.origins.flv, [HLS]: this.origins.hls, [PAGE]: this.pages };
    for (const [name, origin] of Object.entries(origins)) {
      await this.configuration.writeDomain(name, {
        origins: [origin.url], certificate: CERTIFICATE, ...tcp[name],
      });
    }
  }
}

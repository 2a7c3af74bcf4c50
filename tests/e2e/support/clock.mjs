// How late this process's timers fire: what it says about time is no better.

import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION = 5;

export class Clock {
  #delays = monitorEventLoopDelay({ resolution: RESOLUTION });

  reset() {
    this.#delays.enable();
    this.#delays.reset();
  }

  /** The longest lag since `reset`, in milliseconds. */
  lag() {
    // What is counted are whole periods; the lag is what is beyond one.
    return this.#delays.max / 1e6 - RESOLUTION;
  }
}

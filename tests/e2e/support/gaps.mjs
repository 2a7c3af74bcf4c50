// The time between one piece of data and the next, as a viewer sees it.

export class GapMeter {
  #start;
  #last;

  constructor() {
    this.reset();
  }

  /** Begins anew: what was before does not count. */
  reset() {
    this.pieces = 0;
    this.bytes = 0;
    this.longest = 0;
    this.longestAt = 0;
    this.#start = performance.now();
    this.#last = this.#start;
  }

  arrived(bytes) {
    this.#close();
    this.pieces += 1;
    this.bytes += bytes;
  }

  /** Milliseconds since `reset`; the silence since the newest piece is a gap too. */
  figures() {
    this.#close();
    const { pieces, bytes, longest, longestAt } = this;
    return { pieces, bytes, longest, longestAt };
  }

  #close() {
    const now = performance.now();
    if (now - this.#last > this.longest) {
      this.longest = now - this.#last;
      this.longestAt = now - this.#start;
    }
    this.#last = now;
  }
}

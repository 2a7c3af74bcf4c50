// Waiting for a condition, always with a deadline.

import { setTimeout as pause } from 'node:timers/promises';

/** Thrown by a condition that can no longer come true: it ends the waiting. */
export class Hopeless extends Error {}

/**
 * Asks `condition` until it answers with something true, and returns that.
 * A condition that throws counts as "not yet"; its error is the cause of ours
 * when the deadline passes, so that a failure says what was still missing.
 */
export async function until(what, condition, { within = 10_000, every = 20 } = {}) {
  const deadline = performance.now() + within;
  let cause;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer;
      cause = undefined;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      cause = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${within} ms in vain: ${what}`, { cause });
    }
    await pause(every);
  }
}

/** The promise's own outcome, or an error once `within` milliseconds are over. */
export async function bounded(what, within, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${within} ms in vain: ${what}`)), within);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

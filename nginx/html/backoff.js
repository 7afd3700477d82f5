/** The waits between tries that fail: they double up to a cap, and half of each is left to chance. */
export class Backoff {
  #failures = 0;
  #since = 0;
  #patienceMs;

  /** @param {number} patienceMs how long tries may go on failing before it is time to give up */
  constructor(patienceMs) {
    this.#patienceMs = patienceMs;
  }

  /** Something went well: start over. @returns {boolean} whether something had failed before */
  reset() {
    const failed = this.#failures > 0;
    this.#failures = 0;
    return failed;
  }

  /**
   * Something failed.
   * @param {number} atLeastMs what the server asked for
   * @returns {number | undefined} the milliseconds to wait; undefined when it is time to give up
   */
  next(atLeastMs = 0) {
    const now = Date.now();
    if (this.#failures === 0) this.#since = now;
    if (now - this.#since + atLeastMs > this.#patienceMs) return undefined;
    const cap = Math.min(15_000, 500 * 2 ** this.#failures++);
    return atLeastMs + cap / 2 + (Math.random() * cap) / 2;
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} [signal] ends the wait early, without an error
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}

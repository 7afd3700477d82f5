import { Backoff, pause } from "./backoff.js";
import { eventStream } from "./event-stream.js";
import { SluiceError } from "./sluice-error.js";

/** The longest that we let the server hold a poll. */
const HOLD_MS = 20_000;
/** Past this a poll is lost on its way: the hold, and as much again. */
const POLL_TIMEOUT_MS = 2 * HOLD_MS;
/** Before a stream that has ended is opened again. */
const REOPEN_MS = 100;
/** A stream that ends sooner, without a word, has failed. */
const SHORTEST_MS = 1_000;
/** Past this a stream is dead: the server gives a sign of life each 15 s. */
const SILENCE_MS = 40_000;
/** Events of the last chunk: the reply that carries it says the same itself. */
const CLOSING = new Set(["usage", "error", "end"]);
/** How long polls may fail before a turn counts as out of reach. */
const PATIENCE_MS = 600_000;

/**
 * @typedef {{turn: string, conversation: string, token: string}} TurnReference what it takes to read a turn again
 *
 * @typedef {{type: "text", text: string}
 *   | {type: "progress", id: string, label: string, status: string}
 *   | {type: "reset"}
 *   | {type: "trouble", retryMs: number}
 *   | {type: "recovered"}
 *   | {type: "end", state: string, finishReason?: string, error?: {code: string, message: string}, usage?: object}
 * } Update `reset`: the text starts over; `trouble`: polls fail for now, until
 *   `recovered`; `end` is always the last
 */

/**
 * One running answer, read by polls, or as a stream where that is wanted and can be had. It begins at its first event, or
 * where `cursor` says.
 */
export class Turn {
  #request;
  #session;
  #reference;
  #cursor;
  #streams;
  #reader = randomWord();
  #left = new AbortController();

  /**
   * @param {(path: string, options: object) => Promise<any>} request
   *   with `streams` in its options the body of a good answer, else its JSON
   * @param {import("./session.js").Session} session
   * @param {TurnReference} reference
   * @param {{cursor?: string, streams?: boolean}} [options] `cursor`: where to go on; "1.0" reads everything. `streams`:
   *   ask for a stream first
   */
  constructor(request, session, reference, { cursor = "1.0", streams = false } = {}) {
    this.#request = request;
    this.#session = session;
    this.#reference = reference;
    this.#cursor = cursor;
    this.#streams = streams;
  }

  /** @returns {TurnReference} */
  get reference() {
    return { ...this.#reference };
  }

  /** Asks the server to end the answer; the updates then come to their end. Safe to call twice. */
  async cancel() {
    const path = `chat/${this.#reference.turn}/cancel`;
    const backoff = new Backoff(30_000);
    for (;;) {
      try {
        await this.#request(path, { method: "POST", token: this.#reference.token });
        return;
      } catch (error) {
        const wait = error.transient ? backoff.next(error.retryAfterMs) : undefined;
        if (wait === undefined) throw error;
        await pause(wait, this.#left.signal);
      }
    }
  }

  /** Stops reading. The answer goes on without us. */
  leave() {
    this.#left.abort();
  }

  /** @returns {AsyncGenerator<Update, void, void>} */
  async *[Symbol.asyncIterator]() {
    const backoff = new Backoff(PATIENCE_MS);
    let sessionTried = false;
    while (!this.#left.signal.aborted) {
      const shown = new Shown(this.#left.signal);
      try {
        // One request at a time, and an aborted one is void: a reply always answers the current cursor.
        for await (const reply of this.#replies(shown.signal)) {
          if (backoff.reset()) yield { type: "recovered" };
          sessionTried = false;
          if (reply.reset) yield { type: "reset" };
          for (const event of reply.events) if (!CLOSING.has(event.type)) yield event;
          // Only now, when the events have been taken: whoever reads and fails reads them again.
          this.#cursor = reply.cursor;
          if (reply.token) this.#reference.token = reply.token;
          if (reply.state !== "streaming") {
            const { state, error, usage, finish_reason: finishReason } = reply;
            yield { type: "end", state, finishReason, error, usage };
            return;
          }
          if (reply.poll_after_ms > 0) await pause(reply.poll_after_ms, shown.signal);
        }
      } catch (error) {
        if (this.#left.signal.aborted) return;
        if (shown.signal.aborted) continue;
        // No room; or nothing more (204), or a node of a former release, which has no streams: a poll tells the rest.
        if (this.#streams && (error.code === "too_many_streams" || [204, 404].includes(error.status))) {
          this.#streams = false;
          continue;
        }
        if (error.status === 401 && !sessionTried) {
          // The turn's token is short-lived. The visitor's own opens it as well.
          sessionTried = true;
          this.#reference.token = await this.#session.token().catch(() => this.#reference.token);
          continue;
        }
        const wait = error.transient ? backoff.next(error.retryAfterMs) : undefined;
        if (wait === undefined) {
          yield { type: "end", state: "error", error: { code: error.code, message: error.message } };
          return;
        }
        // Being asked to slow down is no trouble worth telling.
        if (error.status !== 429) yield { type: "trouble", retryMs: wait };
        await pause(wait, this.#left.signal);
      } finally {
        shown.end();
      }
    }
  }

  /** What a poll would say, from one poll or a stream. A hidden page polls: nobody watches it. */
  async *#replies(signal) {
    if (!this.#streams || document.hidden) {
      yield await this.#poll(signal);
      return;
    }
    const silence = new AbortController();
    let timer;
    const onSign = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    onSign();
    try {
      const query = new URLSearchParams({ cursor: this.#cursor, reader: this.#reader });
      const body = await this.#request(`chat/${this.#reference.turn}/events?${query}`, {
        token: this.#reference.token,
        streams: true,
        signal: AbortSignal.any([signal, silence.signal]),
      });
      const opened = Date.now();
      let isEmpty = true;
      for await (const { event, id, data } of eventStream(body, onSign)) {
        isEmpty = false;
        const state = event === "end" ? data.state : "streaming";
        yield { events: [], poll_after_ms: 0, ...data, state, cursor: id, reset: event === "reset" };
      }
      // What ends at once and says nothing is no stream.
      if (isEmpty && Date.now() - opened < SHORTEST_MS) throw SluiceError.unreachable();
      // Ended without the answer's end: it is to be opened again.
      await pause(REOPEN_MS, signal);
    } catch (error) {
      throw error instanceof SluiceError ? error : SluiceError.unreachable();
    } finally {
      clearTimeout(timer);
    }
  }

  #poll(signal) {
    const query = new URLSearchParams({ cursor: this.#cursor, wait: String(HOLD_MS), reader: this.#reader });
    if (document.hidden) query.set("hidden", "1");
    return this.#request(`chat/${this.#reference.turn}/poll?${query}`, {
      token: this.#reference.token,
      timeoutMs: POLL_TIMEOUT_MS,
      signal,
    });
  }
}

/** Aborts when a hidden page is shown: a poll held long for a hidden page is then asked anew at the quick pace. */
class Shown {
  #controller = new AbortController();
  #outer;
  #onChange = () => {
    if (!document.hidden) this.#controller.abort();
  };
  #onLeave = () => this.#controller.abort();

  /** @param {AbortSignal} outer ends it as well */
  constructor(outer) {
    this.#outer = outer;
    document.addEventListener("visibilitychange", this.#onChange);
    outer.addEventListener("abort", this.#onLeave);
  }

  get signal() {
    return this.#controller.signal;
  }

  end() {
    document.removeEventListener("visibilitychange", this.#onChange);
    this.#outer.removeEventListener("abort", this.#onLeave);
  }
}

/** Tells this tab apart from the visitor's others. */
function randomWord() {
  return Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

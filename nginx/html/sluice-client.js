import { Backoff, pause } from "./backoff.js";
import { Session } from "./session.js";
import { SluiceError } from "./sluice-error.js";
import { Turn } from "./turn.js";

const REQUEST_TIMEOUT_MS = 30_000;
/** How long a start may be tried before the person is told. */
const START_PATIENCE_MS = 30_000;

/** Speaks Sluice's protocol, version 1, for an anonymous visitor of one surface. */
export class SluiceClient {
  #base;
  #session;
  #streams;
  #request = (path, options) => this.#send(path, options);

  /**
   * @param {{base?: string, surface?: string, streams?: boolean}} [options] `base`: the address below which `chat/…`
   *   lies; by default the page's own. `streams`: answers are read as streams where they can be had, else by polls
   */
  constructor({ base = "./", surface = "web", streams = false } = {}) {
    this.#base = new URL(base, document.baseURI);
    this.#streams = streams;
    this.#session = new Session(this.#request, surface);
  }

  /**
   * Sends a message. However often the network fails on the way, it is answered once.
   * @param {string} message
   * @param {{conversation?: string, model?: string}} [options] without a conversation a new one begins
   * @returns {Promise<Turn>}
   * @throws {SluiceError}
   */
  async start(message, { conversation, model } = {}) {
    const headers = { "Idempotency-Key": randomKey() };
    const body = { message, conversation, model, stream: { modes: ["poll", "sse"] } };
    const backoff = new Backoff(START_PATIENCE_MS);
    let renewed = false;
    for (;;) {
      try {
        const token = await this.#session.token();
        const started = await this.#send("chat/start", { method: "POST", headers, body, token });
        const { turn, conversation, token: turnToken, cursor } = started;
        const reference = { turn, conversation, token: turnToken };
        return new Turn(this.#request, this.#session, reference, { cursor, streams: this.#streams });
      } catch (error) {
        if (error.status === 401 && !renewed) {
          renewed = true;
          this.#session.forget();
          continue;
        }
        const wait = error.transient ? backoff.next(error.retryAfterMs) : undefined;
        if (wait === undefined) throw error;
        await pause(wait);
      }
    }
  }

  /**
   * Reads a turn again from its start, as after a reload of the page.
   * @param {import("./turn.js").TurnReference} reference
   */
  resume(reference) {
    return new Turn(this.#request, this.#session, reference, { streams: this.#streams });
  }

  /**
   * @param {string} path relative to the base
   * @param {{method?: string, headers?: object, body?: object, token?: string, timeoutMs?: number,
   *   signal?: AbortSignal, streams?: boolean}} options `streams`: the answer comes for as long as it likes
   * @returns {Promise<any>} the JSON of a good answer; its body, if it streams
   * @throws {SluiceError}
   */
  async #send(path, options = {}) {
    const { method = "GET", headers = {}, body, token, timeoutMs = REQUEST_TIMEOUT_MS, signal, streams } = options;
    const limits = [...(streams ? [] : [AbortSignal.timeout(timeoutMs)]), ...(signal ? [signal] : [])];
    let response, json;
    try {
      response = await fetch(new URL(path, this.#base), {
        method,
        headers: {
          ...headers,
          ...(body && { "Content-Type": "application/json" }),
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(streams && { Accept: "text/event-stream" }),
        },
        body: body && JSON.stringify(body),
        cache: "no-store",
        // The token says who we are: the site's cookies have no business here.
        credentials: "omit",
        signal: AbortSignal.any(limits),
      });
      if (streams && response.status === 200) return response.body;
      json = await response.text().then(parsed);
    } catch {
      throw SluiceError.unreachable();
    }
    if (response.ok && json !== undefined) return json;
    throw SluiceError.fromResponse(response, json);
  }
}

/** @param {string} text @returns {any} undefined when it is no JSON */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `randomUUID` exists in secure contexts only. */
function randomKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("");
}

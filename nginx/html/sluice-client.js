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
  #request = (path, options) => this.#send(path, options);

  /**
   * @param {{base?: string, surface?: string}} [options] `base`: the address below which `chat/…` lies; by default
   *   the page's own
   */
  constructor({ base = "./", surface = "web" } = {}) {
    this.#base = new URL(base, document.baseURI);
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
    const body = { message, conversation, model, stream: { modes: ["poll"] } };
    const backoff = new Backoff(START_PATIENCE_MS);
    let renewed = false;
    for (;;) {
      try {
        const token = await this.#session.token();
        const started = await this.#send("chat/start", { method: "POST", headers, body, token });
        const { turn, conversation, token: turnToken, cursor } = started;
        return new Turn(this.#request, this.#session, { turn, conversation, token: turnToken }, cursor);
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
    return new Turn(this.#request, this.#session, reference);
  }

  /**
   * @param {string} path relative to the base
   * @param {{method?: string, headers?: object, body?: object, token?: string, timeoutMs?: number,
   *   signal?: AbortSignal}} options
   * @returns {Promise<any>} the JSON of a good answer
   * @throws {SluiceError}
   */
  async #send(path, { method = "GET", headers = {}, body, token, timeoutMs = REQUEST_TIMEOUT_MS, signal } = {}) {
    const limits = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
    let response, json;
    try {
      response = await fetch(new URL(path, this.#base), {
        method,
        headers: {
          ...headers,
          ...(body && { "Content-Type": "application/json" }),
          ...(token && { Authorization: `Bearer ${token}` }),
        },
        body: body && JSON.stringify(body),
        cache: "no-store",
        // The token says who we are: the site's cookies have no business here.
        credentials: "omit",
        signal: AbortSignal.any(limits),
      });
      json = await response.text().then(parsed);
    } catch {
      throw new SluiceError("unreachable", "The server cannot be reached.", { transient: true });
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

/**
 * @typedef {{role: "user" | "assistant", text: string, state: string}} Entry
 */

/**
 * What this tab has said and read, in sessionStorage: it survives a reload and ends with the tab.
 * The text of a running answer is not kept: it is read again from the server.
 */
export class Transcript {
  #key;
  /** @type {{conversation?: string, live?: import("./turn.js").TurnReference, entries: Entry[]}} */
  #state;

  /** @param {string} surface */
  constructor(surface) {
    this.#key = `sluice.transcript.${surface}`;
    try {
      this.#state = JSON.parse(sessionStorage.getItem(this.#key)) ?? { entries: [] };
    } catch {
      this.#state = { entries: [] };
    }
  }

  get conversation() {
    return this.#state.conversation;
  }

  get entries() {
    return this.#state.entries;
  }

  /** The turn that was running when this was last written. */
  get live() {
    return this.#state.live;
  }

  /** @param {string} text what the person said @param {import("./turn.js").TurnReference} reference the answer to it */
  began(text, reference) {
    this.#state.entries.push({ role: "user", text, state: "done" });
    this.#state.conversation = reference.conversation;
    this.#state.live = reference;
    this.#write();
  }

  /** @param {string} text @param {string} state how the answer ended */
  ended(text, state) {
    this.#state.entries.push({ role: "assistant", text, state });
    this.#state.live = undefined;
    this.#write();
  }

  clear() {
    this.#state = { entries: [] };
    this.#write();
  }

  #write() {
    // Storage has a few megabytes: the oldest entries go first.
    while (true) {
      try {
        sessionStorage.setItem(this.#key, JSON.stringify(this.#state));
        return;
      } catch {
        if (this.#state.entries.length === 0) return;
        this.#state.entries.splice(0, Math.ceil(this.#state.entries.length / 2));
      }
    }
  }
}

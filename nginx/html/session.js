/**
 * The visitor's anonymous session: one token, kept in localStorage, so that all tabs are the same visitor.
 */
export class Session {
  #request;
  #surface;
  #key;

  /**
   * @param {(path: string, options: object) => Promise<any>} request
   * @param {string} surface
   */
  constructor(request, surface) {
    this.#request = request;
    this.#surface = surface;
    this.#key = `sluice.session.${surface}`;
  }

  /** A token that is good for a day at least. @returns {Promise<string>} */
  async token() {
    const kept = this.#kept();
    if (kept && new Date(kept.expires_at).getTime() - Date.now() > 86_400_000) return kept.token;
    const made = await this.#request("chat/session", { method: "POST", body: { surface: this.#surface } });
    this.#keep({ token: made.token, expires_at: made.expires_at });
    return made.token;
  }

  /** The token was refused: the next call of `token` gets a new one. */
  forget() {
    this.#keep(undefined);
  }

  #kept() {
    try {
      return JSON.parse(localStorage.getItem(this.#key));
    } catch {
      return undefined;
    }
  }

  #keep(value) {
    try {
      if (value) localStorage.setItem(this.#key, JSON.stringify(value));
      else localStorage.removeItem(this.#key);
    } catch {
      // Storage is forbidden: each page is a new visitor then.
    }
  }
}

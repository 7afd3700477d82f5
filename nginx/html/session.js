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

  /**
   * A token that holds. One with less than a third of its life left is exchanged for a fresh one, so that who comes
   * back now and then stays the same visitor.
   * @returns {Promise<string>}
   */
  async token() {
    const kept = this.#kept();
    if (!kept) return this.#open();
    const expires = Date.parse(kept.expires_at);
    const left = expires - Date.now();
    // False for an entry without `since`, which an earlier release wrote.
    if (left > (expires - kept.since) / 3) return kept.token;
    try {
      return await this.#open(kept.token);
    } catch (error) {
      // Its key is gone, or it has expired: the server's clock decides, not the visitor's.
      if (error.status === 401) return this.#open();
      if (left > 0) return kept.token;
      throw error;
    }
  }

  /** The token was refused: the next call of `token` gets a new one. */
  forget() {
    this.#keep(undefined);
  }

  /** @param {string} [former] a token whose visitor it is to be; without one it is a new visitor */
  async #open(former) {
    const options = { method: "POST", body: { surface: this.#surface }, token: former };
    const { token, expires_at } = await this.#request("chat/session", options);
    this.#keep({ token, expires_at, since: Date.now() });
    return token;
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

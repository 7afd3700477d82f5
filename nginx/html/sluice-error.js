/** An answer of Sluice that is an error, or that never came. */
export class SluiceError extends Error {
  /**
   * @param {string} code stable word to branch on, such as `turn_in_progress`; ours are `unreachable` and `unexpected`
   * @param {string} message for people
   * @param {{status?: number, retryAfterMs?: number, transient?: boolean}} [details]
   */
  constructor(code, message, { status = 0, retryAfterMs = 0, transient = false } = {}) {
    super(message);
    this.name = "SluiceError";
    this.code = code;
    /** HTTP status, 0 when there was no answer. */
    this.status = status;
    /** How long the server asks us to wait; 0 when it does not say. */
    this.retryAfterMs = retryAfterMs;
    /** Whether the same request may well succeed later. */
    this.transient = transient;
  }

  static unreachable() {
    return new SluiceError("unreachable", "The server cannot be reached.", { transient: true });
  }

  /** @param {Response} response @param {any} body its JSON, undefined when it is none */
  static fromResponse(response, body) {
    const { status } = response;
    const seconds = Number(response.headers.get("Retry-After"));
    return new SluiceError(
      body?.error?.code ?? "unexpected",
      body?.error?.message ?? `The server answered with status ${status}.`,
      {
        status,
        retryAfterMs: seconds > 0 ? seconds * 1000 : 0,
        // A body that is no JSON comes from something between us and Sluice.
        transient: [429, 502, 503, 504].includes(status) || body === undefined,
      },
    );
  }
}

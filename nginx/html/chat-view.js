import { MessageView } from "./message-view.js";
import { SluiceClient } from "./sluice-client.js";
import { Transcript } from "./transcript.js";

const TEMPLATE = `
  <header>
    <h1>Sluice</h1>
    <button type="button" class="quiet" data-part="new">New conversation</button>
  </header>
  <ol data-part="messages" role="log" aria-label="Conversation" tabindex="0"></ol>
  <p data-part="status" role="status"></p>
  <form data-part="composer">
    <label class="visually-hidden" for="sluice-message">Message</label>
    <textarea id="sluice-message" data-part="input" rows="1" placeholder="Write a message" maxlength="100000"
      enterkeyhint="send" autocomplete="off"></textarea>
    <button data-part="send">Send</button>
    <button type="button" data-part="stop" hidden>Stop</button>
  </form>`;

const NOTES = {
  cancelled: "Stopped.",
  interrupted: "Interrupted. This is as far as it got.",
  error: "Something went wrong. This is as far as it got.",
};

/**
 * `<sluice-chat surface="web" base="./" model="…" streams>`: a conversation with a virtual model; answers are read by
 * polls, or with `streams` as server-sent events.
 */
export class ChatView extends HTMLElement {
  #client;
  #transcript;
  /** @type {import("./turn.js").Turn | undefined} */
  #turn;
  #busy = false;

  connectedCallback() {
    const surface = this.getAttribute("surface") ?? "web";
    const base = this.getAttribute("base") ?? "./";
    this.#client = new SluiceClient({ surface, base, streams: this.hasAttribute("streams") });
    this.#transcript = new Transcript(surface);
    this.innerHTML = TEMPLATE; // Ours, constant.
    this.#part("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#part("input").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#part("stop").addEventListener("click", () => this.#stop());
    this.#part("new").addEventListener("click", () => this.#startOver());
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.#stop());
    this.#restore();
    this.#part("input").focus();
  }

  disconnectedCallback() {
    this.#turn?.leave();
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return this.querySelector(`[data-part="${name}"]`);
  }

  #restore() {
    for (const { role, text, state } of this.#transcript.entries) {
      const message = this.#show(role, text);
      message.state = state;
      message.note = role === "assistant" ? (NOTES[state] ?? "") : "";
    }
    this.#scrollDown();
    if (this.#transcript.live) this.#follow(this.#client.resume(this.#transcript.live));
  }

  async #send() {
    const input = this.#part("input");
    const text = input.value.trim();
    if (text === "" || this.#busy) return;
    this.#setBusy(true, "Sending…");
    try {
      const turn = await this.#client.start(text, {
        conversation: this.#transcript.conversation,
        model: this.getAttribute("model") ?? undefined,
      });
      input.value = "";
      this.#transcript.began(text, turn.reference);
      this.#show("user", text).state = "done";
      await this.#follow(turn);
    } catch (error) {
      // The text stays in the composer: nothing the person wrote is lost.
      // What can be absent here is the conversation: deleted, or another visitor's.
      const absent = "This conversation is no longer there. Begin a new one.";
      this.#setBusy(false, error.status === 404 ? absent : error.message, "warning");
    }
  }

  /** Shows an answer until its end. @param {import("./turn.js").Turn} turn */
  async #follow(turn) {
    this.#turn = turn;
    this.#setBusy(true, "Thinking…");
    const message = this.#show("assistant", "");
    message.state = "streaming";
    this.#scrollDown();
    for await (const update of turn) {
      if (this.#turn !== turn) return;
      const follows = this.#isAtEnd();
      switch (update.type) {
        case "text":
          message.append(update.text);
          this.#status("Answering…");
          break;
        case "progress":
          this.#status(update.label);
          break;
        case "reset":
          message.clear();
          break;
        case "trouble":
          this.#status("The connection is interrupted. Trying again…", "warning");
          break;
        case "recovered":
          this.#status(message.text === "" ? "Thinking…" : "Answering…");
          break;
        case "end":
          this.#end(message, update);
          break;
      }
      if (follows) this.#scrollDown();
    }
  }

  #end(message, { state, finishReason, error }) {
    message.state = state;
    message.note = error?.message ?? NOTES[state] ?? (finishReason === "length" ? "Cut off at the length limit." : "");
    this.#turn = undefined;
    if (error?.code === "unreachable") {
      // It may well go on without us: a reload of the page reads it again.
      this.#setBusy(false, "The server cannot be reached. Reload the page to read on.", "warning");
      return;
    }
    this.#transcript.ended(message.text, state);
    // How it ended stands below the answer.
    this.#setBusy(false, "");
  }

  #stop() {
    if (!this.#turn) return;
    this.#status("Stopping…");
    this.#turn.cancel().catch((error) => this.#status(error.message, "warning"));
  }

  #startOver() {
    if (this.#busy && !this.#turn) return;
    // An answer nobody wants to read any more need not be written.
    this.#turn?.cancel().catch(() => {});
    this.#turn?.leave();
    this.#turn = undefined;
    this.#transcript.clear();
    this.#part("messages").replaceChildren();
    this.#setBusy(false, "");
    this.#part("input").focus();
  }

  #show(role, text) {
    const message = new MessageView(role);
    message.append(text);
    this.#part("messages").append(message.element);
    return message;
  }

  #setBusy(busy, status, tone = "") {
    this.#busy = busy;
    // Who pressed Stop is not to lose the keyboard with the button.
    if (!busy && document.activeElement === this.#part("stop")) this.#part("input").focus();
    this.#part("send").hidden = busy;
    this.#part("stop").hidden = !busy;
    this.#part("stop").disabled = this.#turn === undefined;
    this.#status(status, tone);
  }

  /** @param {string} text @param {"" | "warning"} [tone] */
  #status(text, tone = "") {
    const status = this.#part("status");
    status.dataset.tone = tone;
    if (status.textContent !== text) status.textContent = text;
  }

  #isAtEnd() {
    const list = this.#part("messages");
    return list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  }

  #scrollDown() {
    const list = this.#part("messages");
    list.scrollTop = list.scrollHeight;
  }
}

const WHO = { user: "You", assistant: "Assistant" };

/** One message of the list. Text enters it as text: nothing a model writes becomes markup. */
export class MessageView {
  #text = document.createTextNode("");
  #note = document.createElement("p");

  /** @param {"user" | "assistant"} role */
  constructor(role) {
    this.element = document.createElement("li");
    this.element.className = `message ${role}`;
    const who = document.createElement("span");
    who.className = "who";
    who.textContent = WHO[role];
    const body = document.createElement("div");
    body.className = "text";
    body.dir = "auto";
    body.append(this.#text);
    this.#note.className = "note";
    this.#note.hidden = true;
    this.element.append(who, body, this.#note);
  }

  get text() {
    return this.#text.data;
  }

  /** @param {string} text */
  append(text) {
    this.#text.appendData(text);
  }

  clear() {
    this.#text.data = "";
  }

  /** @param {string} state `streaming`, or how it ended */
  set state(state) {
    this.element.dataset.state = state;
    // A screen reader reads the answer once, when it is whole.
    this.element.ariaBusy = String(state === "streaming");
  }

  /** A remark below the text; "" for none. @param {string} note */
  set note(note) {
    this.#note.textContent = note;
    this.#note.hidden = note === "";
  }
}

// The chat page: `?model=NAME` asks for another virtual model than the surface's default, `?streams` for server-sent
// events instead of polls.
import { ChatView } from "./chat-view.js";

const query = new URLSearchParams(location.search);
const chat = document.querySelector("sluice-chat");
if (query.get("model")) chat.setAttribute("model", query.get("model"));
chat.toggleAttribute("streams", query.has("streams"));
customElements.define("sluice-chat", ChatView);

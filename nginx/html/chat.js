// The chat page: `?model=NAME` asks for another virtual model than the surface's default.
import { ChatView } from "./chat-view.js";

const model = new URLSearchParams(location.search).get("model");
if (model) document.querySelector("sluice-chat").setAttribute("model", model);
customElements.define("sluice-chat", ChatView);

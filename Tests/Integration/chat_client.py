"""A client of Sluice's protocol as careful as the browser's, with a memory of what it was told."""

import time
import uuid

import canaries
import requests

TERMINAL = {"done", "error", "cancelled", "interrupted"}
# A client keeps its cursor and tries again.
TRANSIENT = {502, 503, 504}
PATIENCE = 60


class ChatClient:
    """One visitor; `token` is its session."""

    def __init__(self, url: str):
        self.url = url
        self.http = requests.Session()
        self.token: str | None = None

    def request(self, method: str, path: str, *, token: str | None = None, timeout: float = 70, **options):
        """Any request, answered by anything."""
        headers = dict(options.pop("headers", {}))
        if token := token or self.token:
            headers.setdefault("Authorization", f"Bearer {token}")
        response = self.http.request(method, f"{self.url}{path}", headers=headers, timeout=timeout, **options)
        if not options.get("stream"):
            assert not canaries.sing(response.text, str(response.headers)), (method, path, response.text[:500])
        return response

    def open_session(self, surface: str = "web", **options) -> requests.Response:
        """Becomes a new visitor."""
        self.token = None
        response = self.request("POST", "/chat/session", json={"surface": surface}, **options)
        if response.status_code == 201:
            self.token = response.json()["token"]
        return response

    def post_start(self, body: dict, *, key: str | None = None, **options) -> requests.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.request("POST", "/chat/start", json=body, headers=headers, **options)

    def start(self, message: str = "Hello", *, key: str | None = None, **body) -> "Turn":
        """Starts a streamed turn."""
        response = self.post_start({"message": message, "stream": {"modes": ["poll"]}, **body}, key=key)
        assert response.status_code == 202, response.text
        return Turn(self, response.json())

    def ask(self, message: str = "Hello", **body) -> dict:
        """The classic full response."""
        response = self.post_start({"message": message, **body})
        assert response.status_code == 200, response.text
        return response.json()


class Turn:
    """A turn as one reader sees it: `text` so far, and `end`, the reply that closed it."""

    def __init__(self, client: ChatClient, started: dict):
        self.client, self.started = client, started
        self.id: str = started["turn"]
        self.conversation: str = started["conversation"]
        self.token: str = started["token"]
        self.cursor: str = started["cursor"]
        self.text = ""
        self.events: list[dict] = []
        self.resets = 0
        self.end: dict | None = None

    def another_reader(self) -> "Turn":
        """The same turn read from its first event."""
        return Turn(self.client, {**self.started, "cursor": "1.0"})

    def get(self, *, cursor: str | None = None, wait: int = 20_000, token: str | None = None, **query):
        """One poll, answered by anything; changes nothing here."""
        parameters = {"cursor": cursor or self.cursor, "wait": wait, "reader": f"{id(self):x}", **query}
        return self.client.request("GET", f"/chat/{self.id}/poll", token=token or self.token, params=parameters)

    def poll(self, *, wait: int = 20_000) -> dict | None:
        """One poll, applied. None: nothing new, try again."""
        try:
            response = self.get(wait=wait)
        except requests.ConnectionError:
            response = None
        if response is None or response.status_code in TRANSIENT:
            time.sleep(0.05)
            return None
        if response.status_code == 429:
            time.sleep(0.1)
            return None
        assert response.status_code == 200, response.text
        reply = response.json()
        self.apply(reply)
        if self.end is None:
            time.sleep(reply["poll_after_ms"] / 1000)
        return reply

    def apply(self, reply: dict) -> None:
        """Takes over what a reply says."""
        if reply.get("reset"):
            self.resets += 1
            self.text, self.events = "", []
        self.events += reply["events"]
        self.text += "".join(event["text"] for event in reply["events"] if event["type"] == "text")
        self.cursor = reply["cursor"]
        if reply["state"] in TERMINAL:
            self.end = reply

    def read(self, until=lambda turn: False, patience: float = PATIENCE) -> "Turn":
        """Polls to the end, or until the condition holds."""
        deadline = time.monotonic() + patience
        while self.end is None and not until(self):
            assert time.monotonic() < deadline, f"no end after {patience:g} s, {len(self.text)} characters"
            self.poll()
        return self

    def read_some(self, characters: int = 1) -> "Turn":
        """Polls until that much text is there."""
        self.read(until=lambda turn: len(turn.text) >= characters)
        assert self.end is None, f"it ended before: {self.end}"
        return self

    @property
    def state(self) -> str:
        return self.end["state"]

    def cancel(self, *, token: str | None = None) -> requests.Response:
        return self.client.request("POST", f"/chat/{self.id}/cancel", token=token or self.token)


def new_key() -> str:
    return uuid.uuid4().hex

"""OpenAI's own library, pointed at Sluice: nothing of it is changed but where it asks, and with what key."""

import canaries
import openai
from openai.types.chat import ChatCompletionChunk


def openai_client(url: str, key: str, *, max_retries: int = 0, **options) -> openai.OpenAI:
    """Every reply but a stream is looked through for secrets; `Streamed` does that for streams."""

    def look_through(response) -> None:
        text = ""
        if "event-stream" not in response.headers["content-type"]:
            response.read()
            text = response.text
        assert not canaries.sing(text, str(response.headers)), text[:500]

    return openai.OpenAI(
        base_url=f"{url}/v1",
        api_key=key,
        max_retries=max_retries,
        http_client=openai.DefaultHttpxClient(event_hooks={"response": [look_through]}),
        **options,
    )


class Streamed:
    """A streamed completion, put together as its chunks come."""

    def __init__(self, client: openai.OpenAI, **request):
        self.chunks: list[ChatCompletionChunk] = []
        self.text, self.usage, self.finish_reason = "", None, None
        self.calls: list[dict] = []
        self.stream = client.chat.completions.create(stream=True, **request)

    def read(self) -> "Streamed":
        for chunk in self.stream:
            self.add(chunk)
        return self

    def read_some(self) -> "Streamed":
        """Up to the first text."""
        while not self.text:
            self.add(next(self.stream))
        return self

    def add(self, chunk: ChatCompletionChunk) -> None:
        assert not canaries.sing(chunk.model_dump_json())
        self.chunks.append(chunk)
        self.usage = chunk.usage or self.usage
        for choice in chunk.choices:
            self.text += choice.delta.content or ""
            self.finish_reason = choice.finish_reason or self.finish_reason
            for piece in choice.delta.tool_calls or []:
                if piece.index == len(self.calls):
                    self.calls.append({"id": piece.id, "name": piece.function.name, "arguments": ""})
                self.calls[piece.index]["arguments"] += piece.function.arguments

    @property
    def id(self) -> str:
        return self.chunks[0].id

"""One person by many ways: anonymous visitors, users of surfaces with keys, services."""

import hashlib
import secrets
from dataclasses import dataclass

import requests
from chat_client import ChatClient
from deployment import Deployment
from stack import Nginx

CAPABILITIES = ["poll", "sse", "classic", "openai", "tools", "images"]


@dataclass
class BackEnd:
    """Who holds the key of a surface; `service` is the identity of the key."""

    deployment: Deployment
    surface: str
    key: str
    service: str

    def user(self, name: str | None, nginx: Nginx | None = None) -> "User":
        """One of its own users; none: the service itself."""
        client = User((nginx or self.deployment.nginx).url)
        client.token, client.name = self.key, name
        return client


class User(ChatClient):
    """A user of a surface whose back end has a key."""

    name: str | None = None

    def request(self, method: str, path: str, *, token: str | None = None, **options) -> requests.Response:
        headers = dict(options.pop("headers", {}))
        if self.name is not None and token is None:
            headers["X-Sluice-User"] = self.name
        return super().request(method, path, token=token, headers=headers, **options)


def back_end(deployment: Deployment, surface: str, *, kind: str = "backend", trusted: bool = False) -> BackEnd:
    """A new surface with a key; its nodes must not run yet, or read it within a second."""
    capabilities = CAPABILITIES + (["links"] if trusted else [])
    row = deployment.insert("surface", name=surface, kind=kind, pace_ms=40, capabilities=capabilities)
    key = f"sk_{secrets.token_urlsafe(32)}"
    service = deployment.insert("identity", kind="service")["id"]
    deployment.insert(
        "surface_key",
        surface_id=row["id"],
        identity_id=service,
        hash=hashlib.sha256(key.encode()).digest(),
        label="test",
    )
    return BackEnd(deployment, surface, key, service)


def identity(client: ChatClient, surface: str = "web") -> str:
    """Who a client is, as the server says."""
    response = client.request("POST", "/chat/session", json={"surface": surface})
    assert response.status_code == 200, response.text
    return response.json()["identity"]


def code(client: ChatClient) -> str:
    response = client.request("POST", "/chat/links")
    assert response.status_code == 200, response.text
    assert response.json()["expires_in"] == 600
    return response.json()["code"]


def redeem(client: ChatClient, code: str) -> requests.Response:
    return client.request("POST", "/chat/links/redeem", json={"code": code})


def conversations(client: ChatClient) -> set[str]:
    response = client.request("GET", "/chat/conversations", params={"limit": 100})
    assert response.status_code == 200, response.text
    return {conversation["conversation"] for conversation in response.json()["conversations"]}


def error(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]

"""Tokens as a node's key file signs them, and as nobody's does; the layout is Sources/Service/Access/Token.swift's."""

import base64
import hashlib
import hmac
import struct
import uuid

SESSION, TURN, READ, LINK = 1, 2, 3, 4


def signed(deployment, kind: int, expires: int, identity: str, subject: str) -> str:
    """A token that the deployment's nodes take for their own."""
    return sealed(deployment, packed(kind, expires, identity, subject))


def packed(kind: int, expires: int, identity: str, subject: str) -> bytes:
    return struct.pack(">BI", kind, expires) + uuid.UUID(identity).bytes + uuid.UUID(subject).bytes


def sealed(deployment, payload: bytes) -> str:
    """Any payload, signed by the first key of the key file."""
    key_line = (deployment.folder.path / "token.keys").read_text().splitlines()[0]
    kid, secret = (part.strip() for part in key_line.split(":", 1))
    return sealed_by(secret, kid, payload)


def sealed_by(secret: str, kid: str, payload: bytes) -> str:
    text = f"v1.{kid}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""A surface's own back end: keys, a server that publishes them, and tokens that they sign."""

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from canaries import KEY
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from signed_token import encoded

# Generating one takes long.
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRET = f"{KEY}{uuid.uuid4()}"


class SigningKey:
    """A key of one algorithm."""

    def __init__(self, algorithm: str, kid: str | None = None):
        self.algorithm, self.kid = algorithm, kid or uuid.uuid4().hex[:8]
        self.private, self.codec = {
            "EdDSA": lambda: (ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm),
            "ES256": lambda: (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
            "RS256": lambda: (RSA_KEY, RSAAlgorithm),
            "HS256": lambda: (SECRET, None),
        }[algorithm]()

    @property
    def jwk(self) -> dict:
        """Its public half."""
        return {**json.loads(self.codec.to_jwk(self.private.public_key())), "kid": self.kid}

    def sign(self, claims: dict, headers: dict | None = None) -> str:
        names = {} if self.algorithm == "HS256" else {"kid": self.kid}
        return jwt.encode(claims, self.private, self.algorithm, headers={**names, **(headers or {})})


class KeyServer:
    """Publishes a set of keys on loopback; `path` is what it was asked for last.

    `answer` may be replaced by any status and body, `gate` cleared to let it wait.
    """

    def __init__(self, *keys: SigningKey, port: int = 0):
        self.asked = 0
        self.path = ""
        self.gate = threading.Event()
        self.gate.set()
        self.publish(*keys)
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.asked += 1
                owner.path = self.path
                owner.gate.wait(60)
                status, body = owner.answer
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/jwks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def publish(self, *keys: SigningKey) -> None:
        self.answer = (200, json.dumps({"keys": [key.jwk for key in keys]}).encode())

    def close(self) -> None:
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


class Backend:
    """One issuer of a surface, with a row in the database."""

    def __init__(self, deployment, key: SigningKey, surface: str = "web", **columns):
        self.deployment, self.key = deployment, key
        self.issuer, self.audience = f"https://{uuid.uuid4()}.example", f"sluice-{uuid.uuid4()}"
        row = deployment.sql.execute("select id from surface where name = %s", [surface]).fetchone()
        names = {"issuer": self.issuer, "audience": self.audience, "algorithms": [key.algorithm]}
        self.row = deployment.insert("jwt_issuer", surface_id=row["id"], **{**names, **columns})

    def claims(self, **changes) -> dict:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.audience, "sub": f"user-{uuid.uuid4()}", "iat": now, "exp": now + 600}
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def token(self, key: SigningKey | None = None, headers: dict | None = None, **changes) -> str:
        return (key or self.key).sign(self.claims(**changes), headers)

    def set(self, **columns) -> None:
        for name, value in columns.items():
            self.deployment.sql.execute(f"update jwt_issuer set {name} = %s where id = %s", [value, self.row["id"]])


def by_hand(header: dict, claims: dict, secret: bytes | None = None) -> str:
    """A token with any header, signed by a shared secret, or by nobody: what no library would make."""
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    mac = hmac.digest(secret, text.encode(), hashlib.sha256) if secret is not None else b""
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

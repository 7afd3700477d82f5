"""What `sluice check` says of the keys that JWTs are judged by."""

import json
import os

import pytest
from backend import SECRET, Backend, KeyServer, SigningKey
from canaries import KEY


@pytest.fixture
def server():
    server = KeyServer(SigningKey("ES256"))
    yield server
    server.close()


def test_keys_that_can_be_read_are_well(bench, server, tmp_path):
    path = tmp_path / "keys"
    path.write_text(json.dumps({"keys": [SigningKey("EdDSA").jwk]}))
    Backend(bench, SigningKey("EdDSA"), jwks=f"file:{path}")
    Backend(bench, SigningKey("ES256"), jwks=server.url)
    Backend(bench, SigningKey("HS256"), secret="env:SLUICE_TEST_SECRET")
    report = bench.check(env={**os.environ, "SLUICE_TEST_SECRET": SECRET})
    assert report.bad() == [] and "3 enabled" in report.of("issuers")[0]["text"]
    assert SECRET not in report.text
    # The service may have another environment than this shell.
    assert "SLUICE_TEST_SECRET" in bench.check().only("warn", "issuers")["text"]
    short = bench.check(env={**os.environ, "SLUICE_TEST_SECRET": "hunter2"}).only("fail", "issuers")
    assert "shorter than 32 bytes" in short["text"] and "hunter2" not in short["text"]
    bench.sql.execute("update surface set enabled = false where name = 'web'")
    assert bench.check().bad() == []


def test_a_file_that_is_not_there(bench, tmp_path):
    Backend(bench, SigningKey("EdDSA"), jwks=f"file:{tmp_path}/absent")
    assert "No such file" in bench.check().only("fail", "issuers")["text"]
    Backend(bench, SigningKey("EdDSA"), jwks=f"file:{tmp_path}", enabled=False)
    (tmp_path / "absent").mkdir()
    assert "no file" in bench.check().only("fail", "issuers")["text"]


def test_a_url_that_gives_no_keys(bench, server):
    backend = Backend(bench, SigningKey("ES256"), jwks=f"{server.url}?key={KEY}query")
    assert bench.check().bad() == []
    backend.set(algorithms=["EdDSA"])
    assert "no key for EdDSA" in bench.check().only("warn", "issuers")["text"]
    server.answer = (404, b"")
    finding = bench.check().only("fail", "issuers")
    assert "HTTP status 404" in finding["text"] and KEY not in finding["text"]
    server.close()
    assert f"http://127.0.0.1:{server.port}: connect" in bench.check().only("fail", "issuers")["text"]
    backend.set(jwks="http://169.254.169.254/latest")
    assert "refused_address" in bench.check().only("fail", "issuers")["text"]

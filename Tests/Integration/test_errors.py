"""Every error: its status, its code, its headers, and that it tells no more than that."""

import re
import statistics
import time
import uuid

import pytest
from chat_client import ChatClient
from error_table import ANY, PASS, Row, request, rows
from error_world import DOORS, FOREIGN_PAGE, PAGE, World, address
from raw_http import Reply, send
from stack import wait_until

TABLE = rows()
NAMES = [row.name for row in TABLE]


@pytest.fixture(scope="module", params=DOORS)
def world(request, postgres, programs, worker_id):
    """One for all rows of this worker: no row changes what another one asks about."""
    from conftest import LOGS
    from deployment import Deployment

    with Deployment(postgres, programs, LOGS / f"errors-{request.param}-{worker_id}") as deployment:
        yield World(deployment, request.param)


def assert_refused(reply: Reply, row: Row, method: str, secrets: list[str]) -> None:
    """The reply is this row's, whole, and nothing else."""
    assert reply.status == row.status, reply
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    wanted = {name: row.headers.get(name) for name in ("retry-after", "www-authenticate", "allow")}
    for name, pattern in wanted.items():
        value = reply.headers.get(name)
        assert re.fullmatch(pattern, value or "") if pattern else value is None, f"{name}: {value}"
    if method == "HEAD":
        assert reply.body == b""
        return
    answer = reply.json
    assert set(answer) == {"error", *row.extra}
    assert set(answer["error"]) == {"code", "message", "retryable"}
    assert answer["error"]["code"] == row.code
    assert answer["error"]["retryable"] is row.retryable
    # A sentence for people, however long what they sent was.
    assert re.fullmatch(r"\S.{0,250}\.", answer["error"]["message"], re.S)
    for secret in secrets:
        assert not reply.holds(secret)


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_wrong_request(world, row):
    wrong = row.request(world)
    reply = send(world.url, wrong)
    assert_refused(reply, row, wrong.method, world.secrets)
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_wrong_request_of_an_allowed_page(world, row):
    # The page must be able to read what it did wrong.
    wrong = row.request(world).with_headers({"Origin": PAGE})
    reply = send(world.url, wrong)
    assert_refused(reply, row, wrong.method, world.secrets)
    if row.readable:
        assert reply.headers["access-control-allow-origin"] == PAGE
        assert "Origin" in reply.headers["vary"]
        assert "Retry-After" in reply.headers["access-control-expose-headers"]


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_a_wrong_request_of_a_foreign_page_is_no_more_readable(world, row):
    reply = send(world.url, row.request(world).with_headers({"Origin": FOREIGN_PAGE}))
    assert "access-control-allow-origin" not in reply.headers
    # Whatever is looked at first, it stays refused.
    assert reply.status >= 400

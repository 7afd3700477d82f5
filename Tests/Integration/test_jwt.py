"""Tokens that a surface's own back end signs: which are taken, which are not, and where their keys come from."""

import json
import re
import time
import uuid

import jwt
import pytest
from backend import SECRET, Backend, KeyServer, SigningKey, by_hand
from canaries import KEY
from chat_client import ChatClient
from stack import wait_until

PUBLIC = ["EdDSA", "ES256", "RS256"]


@pytest.fixture
def server():
    servers: list[KeyServer] = []

    def make(*keys: SigningKey, **options) -> KeyServer:
        servers.append(KeyServer(*keys, **options))
        return servers[-1]

    yield make
    for one in servers:
        one.close()


@pytest.fixture
def published(site, tmp_path):
    """A back end of the common site whose key stands in a file."""

    def make(key: SigningKey | None = None, **columns) -> Backend:
        key = key or SigningKey("EdDSA")
        path = tmp_path / f"{uuid.uuid4().hex}.jwks"
        path.write_text(json.dumps({"keys": [key.jwk]}))
        readable(path)
        backend = Backend(site, key, jwks=f"file:{path}", **columns)
        known(site, backend)
        return backend

    return make


def readable(path) -> None:
    for folder in [path, *path.parents][:4]:
        folder.chmod(folder.stat().st_mode | 0o755)


def bearer(site, token: str) -> ChatClient:
    client = ChatClient(site.nginx.url)
    client.token = token
    return client


def status(site, token: str) -> int:
    return bearer(site, token).request("GET", "/chat/conversations").status_code


def known(site, backend: Backend, **options) -> None:
    """The node reads the rows once a second."""
    claims = {"jti": str(uuid.uuid4())} if backend.row["once"] else {}
    wanted = 403 if backend.row["once"] else 200
    wait_until(lambda: status(site, backend.token(**claims)) == wanted, "the issuer to be known", **options)


# MARK: what is taken


@pytest.mark.parametrize("algorithm", PUBLIC)
@pytest.mark.parametrize("place", ["file", "url"])
def test_tokens_of_every_algorithm_speak_for_their_subject(site, server, tmp_path, algorithm, place):
    key = SigningKey(algorithm)
    jwks = tmp_path / "keys.jwks"
    jwks.write_text(json.dumps({"keys": [SigningKey("EdDSA").jwk, key.jwk]}))
    readable(jwks)
    backend = Backend(site, key, jwks=f"file:{jwks}" if place == "file" else server(key).url)
    known(site, backend)
    model = site.model("rate=0;tokens=5")
    client = bearer(site, backend.token(sub="anna"))
    turn = client.start(model=model.name).read()
    assert turn.text == site.text(model)
    assert turn.get(cursor="1.0", token=client.token).json()["state"] == "done"
    # Another token of the same subject is the same person; another subject is another one.
    again = bearer(site, backend.token(sub="anna", jti="2"))
    assert again.request("GET", f"/chat/conversations/{turn.conversation}").status_code == 200
    other = bearer(site, backend.token(sub="berta"))
    assert other.request("GET", f"/chat/conversations/{turn.conversation}").status_code == 404
    row = site.sql.execute(
        "select i.kind, l.external_id from turn t join identity i on i.id = t.identity_id"
        " join identity_link l on l.identity_id = i.id where t.id = %s",
        [turn.id],
    ).fetchone()
    assert row == {"kind": "person", "external_id": "anna"}


@pytest.mark.parametrize("place", ["env", "file"])
def test_a_shared_secret_signs_as_well(deploy, tmp_path, place):
    deployment = deploy()
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    readable(path)
    key = SigningKey("HS256")
    backend = Backend(deployment, key, secret="env:SHOP_SECRET" if place == "env" else f"file:{path}")
    deployment.add_node(environment={"SHOP_SECRET": SECRET})
    deployment.add_nginx()
    # It was there before the node: no need to wait.
    assert status(deployment, backend.token()) == 200
    forged = by_hand({"alg": "HS256"}, backend.claims(), b"another secret of thirty-two bytes and more")
    assert status(deployment, forged) == 401


def test_a_token_opens_every_route(site, published):
    backend = published()
    client = bearer(site, backend.token())
    model = site.model("rate=0;tokens=5").name
    turn = client.start(model=model).read()
    live = client.start(model=site.model("rate=20;tokens=5000").name).read_some()
    answers = [
        client.request("GET", f"/chat/{turn.id}/poll", params={"cursor": "1.0"}),
        client.request("GET", f"/chat/{turn.id}/events", params={"cursor": "1.0"}),
        client.request("GET", "/chat/models"),
        client.request("GET", f"/chat/conversations/{turn.conversation}"),
        client.request("POST", f"/chat/{live.id}/cancel"),
        client.request("GET", "/v1/models"),
        client.request(
            "POST", "/v1/chat/completions", json={"model": model, "messages": [{"role": "user", "content": "Hi"}]}
        ),
        client.request("DELETE", f"/chat/conversations/{turn.conversation}"),
    ]
    assert [answer.status_code // 100 for answer in answers] == [2] * len(answers)


def test_a_token_is_exchanged_for_a_session(site, published):
    backend = published()
    client = bearer(site, backend.token(sub="anna"))
    conversation = client.ask(model=site.model("rate=0;tokens=5").name)["conversation"]
    answer = client.request("POST", "/chat/session", json={"surface": "web"})
    assert answer.status_code == 200
    session = bearer(site, answer.json()["token"])
    assert session.token.startswith("v1.")
    assert session.request("GET", f"/chat/conversations/{conversation}").status_code == 200
    other = client.request("POST", "/chat/session", json={"surface": "shop"})
    assert (other.status_code, other.json()["error"]["code"]) == (403, "another_surface")


def test_pages_of_other_origins_are_refused(site, published):
    backend = published(surface="shop")
    client = bearer(site, backend.token())
    for origin, wanted in (("https://shop.example", 200), ("https://evil.example", 403)):
        answer = client.request("POST", "/chat/session", json={"surface": "shop"}, headers={"Origin": origin})
        assert answer.status_code == wanted


def test_issuers_of_one_name_are_told_apart_by_audience(site, tmp_path):
    ours, theirs = SigningKey("EdDSA", "same"), SigningKey("EdDSA", "same")
    backends = []
    for key, surface in ((ours, "web"), (theirs, "staff")):
        path = tmp_path / surface
        path.write_text(json.dumps({"keys": [key.jwk]}))
        readable(path)
        backends.append(Backend(site, key, surface, jwks=f"file:{path}"))
    web, staff = backends
    staff.issuer = web.issuer
    staff.set(issuer=web.issuer)
    for backend, surface in ((web, "web"), (staff, "staff")):
        known(site, backend)
        answer = bearer(site, backend.token()).request("POST", "/chat/session", json={"surface": surface})
        assert answer.status_code == 200
    assert status(site, web.token(key=theirs)) == status(site, staff.token(key=ours)) == 401
    assert status(site, web.token(aud=["nobody", web.audience])) == 200


# MARK: what is not


def refused_tokens(backend: Backend) -> dict[str, str]:
    now = int(time.time())
    key, claims = backend.key, backend.claims()
    good = backend.token()
    head, body, signature = good.split(".")
    public = json.dumps(key.jwk).encode()
    return {
        "none": by_hand({"alg": "none"}, claims),
        "none with a signature": by_hand({"alg": "none", "kid": key.kid}, claims, b"x" * 32),
        "confused": by_hand({"alg": "HS256", "kid": key.kid}, claims, public),
        "forged": SigningKey("EdDSA", key.kid).sign(claims),
        "another key": SigningKey("EdDSA").sign(claims),
        "tampered": f"{head}.{good.split('.')[1][:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}",
        "without signature": f"{head}.{body}.",
        "embedded": by_hand({"alg": "EdDSA", "jwk": SigningKey("EdDSA").jwk}, claims, b"x" * 32),
        "critical": backend.token(headers={"crit": ["exp"]}),
        "another issuer": backend.token(iss="https://evil.example"),
        "another audience": backend.token(aud="somebody-else"),
        "expired": backend.token(iat=now - 700, exp=now - 100),
        "early": backend.token(nbf=now + 300),
        "without end": backend.token(exp=None),
        "without subject": backend.token(sub=None),
        "too long a life": backend.token(exp=now + 30 * 86_400),
        "junk": "a.b.c",
    }


def test_what_is_refused_is_refused_on_every_route(site, published):
    backend = published()
    good = bearer(site, backend.token())
    turn = good.start(model=site.model("rate=0;tokens=5").name).read()
    completion = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    routes = [
        ("POST", "/chat/start", {"message": "Hi"}),
        ("GET", f"/chat/{turn.id}/poll?cursor=1.0", None),
        ("GET", f"/chat/{turn.id}/events?cursor=1.0", None),
        ("POST", f"/chat/{turn.id}/cancel", None),
        ("GET", "/chat/models", None),
        ("GET", "/chat/conversations", None),
        ("GET", f"/chat/conversations/{turn.conversation}", None),
        ("DELETE", f"/chat/conversations/{turn.conversation}", None),
        ("POST", "/chat/session", {"surface": "web"}),
        ("GET", "/v1/models", None),
        ("POST", "/v1/chat/completions", completion),
    ]
    tokens = refused_tokens(backend)
    for why, token in tokens.items():
        client = bearer(site, token)
        for method, path, body in routes:
            answer = client.request(method, path, json=body)
            assert answer.status_code == 401, (why, path, answer.text)
    assert good.request("GET", f"/chat/conversations/{turn.conversation}").status_code == 200


def test_no_token_of_a_back_end_stands_in_a_query(site, published):
    backend = published()
    turn = bearer(site, backend.token(sub="anna")).start(model=site.model("rate=0;tokens=5").name).read()
    client = ChatClient(site.nginx.url)
    answer = client.request("GET", f"/chat/{turn.id}/poll", params={"cursor": "1.0", "token": backend.token(sub="anna")})
    assert answer.status_code == 401


def test_a_token_that_was_taken_ends_all_the_same(site, published):
    backend = published(clock_skew_s=0)
    token = backend.token(exp=int(time.time()) + 3)
    assert status(site, token) == 200
    wait_until(lambda: status(site, token) == 401, "the token to expire")


@pytest.mark.parametrize("how", ["disable", "remove", "surface", "algorithms"])
def test_an_issuer_that_is_gone_takes_its_tokens_along(deploy, server, how):
    deployment = deploy()
    backend = Backend(deployment, key := SigningKey("EdDSA"), jwks=server(key).url)
    deployment.add_node()
    deployment.add_nginx()
    token = backend.token()
    assert status(deployment, token) == 200
    if how == "disable":
        backend.set(enabled=False)
    elif how == "remove":
        deployment.sql.execute("delete from jwt_issuer")
    elif how == "surface":
        deployment.sql.execute("update surface set enabled = false where name = 'web'")
    else:
        backend.set(algorithms=["ES256"])
    wait_until(lambda: status(deployment, token) in (401, 403), "the token to be refused")


# MARK: one use


def test_a_token_for_one_use_makes_one_session(site, published):
    backend = published(once=True)
    token = backend.token(jti=str(uuid.uuid4()))
    client = bearer(site, token)
    turn = f"/chat/{uuid.uuid4()}"
    for method, path in (
        ("POST", "/chat/start"), ("GET", f"{turn}/poll?cursor=1.0"), ("GET", f"{turn}/events"), ("POST", f"{turn}/cancel"),
        ("GET", "/chat/conversations"), ("GET", "/chat/models"), ("GET", "/v1/models"),
    ):
        answer = client.request(method, path, json={"message": "Hi"} if method == "POST" else None)
        assert (answer.status_code, code(answer)) == (403, "session_required"), path
    # Neither that nor a request that is refused uses it up.
    assert client.request("POST", "/chat/session", json={"surface": "shop"}).status_code == 403
    assert client.request("POST", "/chat/session", json={}).status_code == 400
    session = client.request("POST", "/chat/session", json={"surface": "web"})
    assert session.status_code == 200
    assert status(site, session.json()["token"]) == 200
    for _ in range(2):
        replay = client.request("POST", "/chat/session", json={"surface": "web"})
        assert (replay.status_code, code(replay)) == (401, "invalid_token")
        assert "was used before" in replay.json()["error"]["message"]
    nameless = bearer(site, backend.token()).request("POST", "/chat/session", json={"surface": "web"})
    assert nameless.status_code == 401


def test_a_token_for_one_use_is_used_once_on_all_nodes(deploy, server):
    deployment = deploy()
    backend = Backend(deployment, key := SigningKey("EdDSA"), jwks=server(key).url, once=True)
    nginxes = []
    for _ in range(2):
        node = deployment.add_node()
        nginxes.append(deployment.add_nginx([node.addresses[0]]))
    token = backend.token(jti="1")
    answers = []
    for nginx in nginxes:
        client = ChatClient(nginx.url)
        client.token = token
        answers.append(client.request("POST", "/chat/session", json={"surface": "web"}).status_code)
    assert answers == [200, 401]
    [row] = deployment.sql.execute("select * from token_use").fetchall()
    assert row["token"] == f"jwt:{backend.row['id']}:1"
    assert 600 < row["expires_at"].timestamp() - time.time() < 640


def test_uses_are_forgotten_once_their_tokens_have_expired(deploy):
    deployment = deploy()
    deployment.sql.execute(
        "insert into token_use (token, expires_at) select n::text, now() - n * interval '1 hour'"
        " from generate_series(0, 20000) n"
    )
    deployment.add_node()
    wait_until(
        lambda: deployment.sql.execute("select count(*) from token_use").fetchone()["count"] == 24,
        "those that ended a day ago to be deleted",
    )


def code(answer) -> str:
    """Also of the OpenAI-compatible routes, whose errors have other members beside it."""
    return answer.json()["error"]["code"]


# MARK: where the keys come from


def test_a_new_key_is_fetched_and_an_old_one_forgotten(deploy, server):
    deployment = deploy()
    old, new = SigningKey("EdDSA"), SigningKey("EdDSA")
    keys = server(old)
    backend = Backend(deployment, old, jwks=keys.url)
    deployment.add_node()
    deployment.add_nginx()
    remembered = backend.token()
    assert status(deployment, remembered) == 200
    asked = keys.asked
    # Unknown keys do not make the node ask again and again.
    assert [status(deployment, backend.token(key=new)) for _ in range(5)] == [401] * 5
    assert keys.asked <= asked + 1
    keys.publish(old, new)
    wait_until(lambda: status(deployment, backend.token(key=new)) == 200, "the new key to be fetched")
    assert status(deployment, remembered) == 200
    keys.publish(new)
    third = SigningKey("EdDSA")
    # It takes a key that is not there to make the node ask.
    wait_until(
        lambda: status(deployment, backend.token(key=third)) == status(deployment, backend.token()) == 401,
        "the old key to be forgotten",
    )
    assert status(deployment, remembered) == 401
    assert status(deployment, backend.token(key=new)) == 200


def test_a_file_is_read_again_when_it_changes(site, published):
    backend = published()
    remembered, new = backend.token(), SigningKey("EdDSA")
    assert status(site, remembered) == 200
    path = backend.row["jwks"].removeprefix("file:")
    with open(path, "w") as file:
        file.write("{")
    # What is no set does not count: the former one does.
    wait_until(lambda: "not read" in log_of(site, backend), "the file to be read")
    assert status(site, remembered) == status(site, backend.token()) == 200
    with open(path, "w") as file:
        json.dump({"keys": [new.jwk]}, file)
    wait_until(lambda: status(site, backend.token(key=new)) == 200, "the file to be read")
    assert status(site, remembered) == status(site, backend.token()) == 401


def log_of(deployment, backend: Backend) -> str:
    lines = deployment.nodes[0].log.read_text().splitlines()
    return "\n".join(line for line in lines if str(backend.row["id"]) in line)


def test_what_was_fetched_counts_while_the_server_is_down(deploy, server):
    deployment = deploy()
    key = SigningKey("EdDSA")
    keys = server(key)
    backend = Backend(deployment, key, jwks=f"{keys.url}?key={KEY}query")
    deployment.add_node()
    deployment.add_nginx()
    assert status(deployment, backend.token()) == 200
    assert keys.path == f"/jwks?key={KEY}query"
    keys.close()
    wait_until(
        lambda: status(deployment, backend.token(key=SigningKey("EdDSA"))) == 401 and "not read" in log_of(deployment, backend),
        "the server to be missed",
    )
    assert status(deployment, backend.token()) == 200
    said = log_of(deployment, backend)
    assert f"http://127.0.0.1:{keys.port}" in said and "jwks?" not in said and "query" not in said


@pytest.mark.parametrize("why", ["down", "forbidden", "broken", "huge", "guarded", "absent", "short"])
def test_without_keys_the_client_is_to_come_again(deploy, server, tmp_path, why):
    deployment = deploy()
    key = SigningKey("HS256" if why == "short" else "EdDSA")
    keys = server(SigningKey("EdDSA"))
    places = {
        "guarded": {"jwks": "http://169.254.169.254/jwks"}, "absent": {"jwks": f"file:{tmp_path}/absent"},
        "short": {"secret": "env:SHORT"},
    }
    if why == "down":
        keys.close()
    elif why == "forbidden":
        keys.answer = (403, b"{}")
    elif why == "broken":
        keys.answer = (200, b"<html>")
    elif why == "huge":
        keys.answer = (200, json.dumps({"keys": [], "x": "x" * 70_000}).encode())
    backend = Backend(deployment, key, **places.get(why, {"jwks": keys.url}))
    deployment.add_node(environment={"SHORT": "too short"})
    deployment.add_nginx()
    answer = bearer(deployment, backend.token()).request("GET", "/chat/conversations")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["retryable"]) == (503, "unavailable", True)
    assert int(answer.headers["Retry-After"]) >= 1
    said = log_of(deployment, backend)
    words = {
        "down": "connect", "forbidden": "403", "broken": "no JSON", "huge": "longer than 65536", "absent": "No such file",
        "guarded": "refused_address", "short": "shorter than 32",
    }
    assert words[why] in said
    # The same words are not repeated at every attempt.
    assert len(re.findall("not read", said)) == 1


def test_polls_go_on_while_the_database_is_away(own_postgres, deploy, server):
    deployment = deploy(own_postgres)
    backend = Backend(deployment, key := SigningKey("EdDSA"), jwks=server(key).url)
    deployment.add_node()
    deployment.add_nginx()
    client = bearer(deployment, backend.token())
    live = client.start(model=deployment.model("rate=20;tokens=5000").name).read_some()
    own_postgres.stop("immediate")
    answer = client.request("GET", f"/chat/{live.id}/poll", params={"cursor": "1.0"})
    assert (answer.status_code, answer.json()["state"]) == (200, "streaming")
    own_postgres.start()
    deployment.connect()


@pytest.mark.torture
def test_a_link_that_is_gone_is_forgotten(site, published):
    """Within a minute, which is what takes long."""
    backend = published()
    client = bearer(site, backend.token(sub="anna"))
    conversation = client.ask(model=site.model("rate=0;tokens=5").name)["conversation"]
    path = f"/chat/conversations/{conversation}"
    assert client.request("GET", path).status_code == 200
    surface = backend.row["surface_id"]
    site.sql.execute("delete from identity_link where surface_id = %s and external_id = 'anna'", [surface])
    wait_until(lambda: client.request("GET", path).status_code == 404, "the link to be forgotten", 90)


def test_neither_tokens_nor_secrets_are_logged(site, published):
    backend = published()
    token = backend.token()
    assert status(site, token) == 200
    assert status(site, f"{token[:-4]}AAAA") == 401
    assert jwt.get_unverified_header(token)["kid"] == backend.key.kid
    for path in site.logs.glob("*.log"):
        text = path.read_text(errors="replace")
        assert token not in text and token.split(".")[1] not in text and backend.key.jwk["x"] not in text

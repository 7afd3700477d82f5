"""Both front doors, FastCGI and SCGI, through a real nginx with the files that operators include."""

import os
import socket
from pathlib import Path

import pytest
import requests
from chat_client import ChatClient
from conftest import LOGS
from deployment import Deployment
from stack import free_port, wait_until

DOORS = ["fastcgi", "scgi"]


@pytest.fixture(scope="module")
def house(postgres, programs, worker_id):
    """One node with a door of each kind, and an nginx in front of each."""
    with Deployment(postgres, programs, LOGS / f"doors-{worker_id}") as deployment:
        folder = deployment.folder.path
        deployment.add_node(listen=f"unix:{folder}/f.sock, scgi:unix:{folder}/s.sock, scgi:127.0.0.1:0")
        addresses = deployment.nodes[0].addresses
        deployment.doors = {door: deployment.add_nginx([addresses[DOORS.index(door)]], door=door) for door in DOORS}
        yield deployment


@pytest.fixture(params=DOORS)
def nginx(house, request):
    return house.doors[request.param]


@pytest.mark.parametrize("scenario", ["rate=0;tokens=3000", "rate=200;tokens=60", "text=nasty;split=1;rate=0"])
def test_a_whole_turn(house, nginx, scenario):
    model = house.model(scenario)
    turn = house.client(nginx).start(model=model.name).read()
    assert (turn.state, turn.text) == ("done", house.text(model))
    assert turn.another_reader().read().text == turn.text


def test_a_classic_answer_and_a_large_message(house, nginx):
    model = house.model("text=echo;rate=0")
    message = "ä" * 100_000
    answer = house.client(nginx).ask(message, model=model.name)
    assert answer["message"]["content"] == message


def test_one_turn_through_both_doors(house):
    model = house.model("rate=100;tokens=60")
    first = house.client(house.doors["fastcgi"]).start(model=model.name).read_some(20)
    other = ChatClient(house.doors["scgi"].url)
    second = type(first)(other, {**first.started, "cursor": first.cursor})
    assert first.text + second.read().text == house.text(model)


def test_a_cancel(house, nginx):
    turn = house.client(nginx).start(model=house.model("rate=50;tokens=5000").name).read_some(10)
    assert turn.cancel().status_code == 202
    assert turn.read().state == "cancelled"
    assert turn.cancel().status_code == 200


def test_errors_keep_their_form(house, nginx):
    client = house.client(nginx)
    absent = client.request("GET", "/chat/01934fa2-7c3e-7001-8000-5d1c6f0a9b2e/poll?cursor=1.0")
    assert (absent.status_code, absent.json()["error"]["code"]) == (404, "not_found")
    refused = client.request("PUT", "/chat/start")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST, OPTIONS")
    malformed = client.request("POST", "/chat/start", data=b"{")
    assert (malformed.status_code, malformed.json()["error"]["code"]) == (400, "malformed")


def sockets(house) -> int:
    """Sockets that the node has open."""
    links = []
    for descriptor in Path(f"/proc/{house.nodes[0].process.pid}/fd").iterdir():
        try:
            links.append(os.readlink(descriptor))
        except FileNotFoundError:
            continue
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.parametrize("place", ["unix", "tcp"])
@pytest.mark.parametrize("door", DOORS)
def test_a_parked_poll_is_let_go_when_its_reader_leaves_and_woken_by_news(deploy, door, place):
    deployment = deploy()
    address = f"unix:{deployment.folder.path}/door.sock" if place == "unix" else f"127.0.0.1:{free_port()}"
    deployment.add_node(listen=f"{'scgi:' if door == 'scgi' else ''}{address}")
    deployment.add_nginx(door=door)
    turn = deployment.client().start(model=deployment.model("delay=50000").name)
    wait_until(lambda: deployment.simulator.open_streams() == 1, "the provider to be asked")
    # One that has kept no connection: each that comes is the poll's.
    nginx = deployment.add_nginx(door=door)
    before = sockets(deployment)
    request = f"GET /chat/{turn.id}/poll?cursor=1.0&wait=20000 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {turn.token}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", nginx.port)) as reader:
        reader.sendall(request.encode())
        wait_until(lambda: sockets(deployment) == before + 1, "the poll to come to the node")
    wait_until(lambda: sockets(deployment) == before, "the node to let the poll go")
    with socket.create_connection(("127.0.0.1", nginx.port)) as reader:
        reader.sendall(request.encode())
        wait_until(lambda: sockets(deployment) == before + 1, "the poll to come to the node")
        assert turn.cancel().status_code == 202
        reader.settimeout(15)
        assert b'"cancelled"' in reader.recv(65_536)


def workers(nginx) -> set[str]:
    master = nginx.process.pid
    return set(Path(f"/proc/{master}/task/{master}/children").read_text().split())


def test_a_page_of_the_site_may_be_called_chat(house, nginx):
    (nginx.home / "html/chat").write_text("the site's own")
    reply = requests.get(f"{nginx.url}/chat", allow_redirects=False, timeout=10)
    assert (reply.status_code, reply.text) == (200, "the site's own")
    # What begins with /chat/ is ours, whatever it is.
    absent = requests.get(f"{nginx.url}/chat/", timeout=10)
    assert (absent.status_code, absent.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("mount", ["/below/another", "/shop/assistant/v2"])
def test_below_any_mount(house, nginx, mount):
    config = nginx.home / "nginx.conf"
    if mount not in config.read_text():
        location = f"location ^~ {mount}/chat/ {{ set $sluice_mount {mount}; rewrite ^{mount}(/chat/.*)$ $1 last; }}"
        config.write_text(config.read_text().replace("location / {", f"{location}\n    location / {{"))
        former = workers(nginx)
        nginx.process.signal(1)
        wait_until(lambda: not former & workers(nginx), "nginx's former workers to end")
    client = ChatClient(nginx.url + mount)
    client.open_session()
    model = house.model("rate=0;tokens=20")
    turn = client.start(model=model.name)
    assert all(link.startswith(f"{mount}/chat/{turn.id}/") for link in turn.started["links"].values())
    follow = requests.get(
        f"{nginx.url}{turn.started['links']['poll']}?cursor=1.0&wait=20000",
        headers={"Authorization": f"Bearer {turn.token}"},
        timeout=30,
    )
    assert follow.status_code == 200
    assert turn.read().text == house.text(model)
    # Without the mount nothing changes.
    assert ChatClient(nginx.url).open_session().status_code == 201

"""The program under those who start it: spawn-fcgi with one socket, systemd with several, and news for the latter."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from chat_client import ChatClient
from stack import fastcgi, wait_until

UNITS = Path(__file__).resolve().parents[2] / "nginx"


class Manager:
    """A service manager as small as can be: it holds the sockets, starts the node and hears what that says."""

    def __init__(self, deployment, *, abstract: bool = False):
        self.deployment = deployment
        self.sockets: list[socket.socket] = []
        self.heard: list[dict[str, str]] = []
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"{deployment.folder.path}/notify"
        self.ear.bind(f"\0{name}" if abstract else name)
        self.name = f"@{name}" if abstract else name

    def listen(self, name: str) -> str:
        """A listening socket of the manager's; where it is."""
        path = self.deployment.folder.path / name
        door = socket.socket(socket.AF_UNIX)
        door.bind(str(path))
        path.chmod(0o666)
        door.listen(4096)
        self.sockets.append(door)
        return f"unix:{path}"

    def start(self, node, *, names: list[str] | None = None, first: int = 3, environment: dict | None = None) -> None:
        """Starts the node with the sockets from descriptor `first` on, as systemd does, and waits for nothing."""
        node.write_config()
        # Out of the way of the numbers that they shall have.
        passed = [fcntl.fcntl(door, fcntl.F_DUPFD, 100 + index) for index, door in enumerate(self.sockets)]
        moves = "".join(f"exec {first + index}<&{fd} {fd}<&-; " for index, fd in enumerate(passed))
        told = {"NOTIFY_SOCKET": self.name, **(environment or {})}
        if names:
            told |= {"LISTEN_FDS": str(len(passed)), "LISTEN_FDNAMES": ":".join(names)}
        # The process keeps its number: LISTEN_PID and WATCHDOG_PID name it.
        script = f'{moves}export LISTEN_PID=$$ WATCHDOG_PID=${{WATCHDOG_PID:-$$}}; exec "$@"'
        command = ["bash", "-c", script, "sluice", node.programs / "sluice", "serve", "--config", node.config]
        node.process = node.processes.start(
            node.name, command, node.log, env={**node.environment, **told}, inherit=tuple(passed)
        )
        for fd in passed:
            os.close(fd)

    def hear(self, timeout: float) -> dict[str, str] | None:
        """The next news; None if there is none in time."""
        self.ear.settimeout(timeout)
        try:
            lines = self.ear.recv(4096).decode().split("\n")
        except TimeoutError:
            return None
        self.heard.append(dict(line.split("=", 1) for line in lines))
        return self.heard[-1]

    def wait_for(self, name: str, value: str | None = None) -> dict[str, str]:
        """Hears until something bears this name, and this value if one is given."""

        def next_one():
            self.deployment.nodes[0].process.must_run()
            news = self.hear(0.1) or {}
            return news if name in news and value in (None, news[name]) else None

        return wait_until(next_one, f"{name}={value or '…'}", 30, self.deployment.nodes[0].log)

    def forget(self) -> None:
        """All that was said so far."""
        while self.hear(0.01):
            pass

    def close(self) -> None:
        for door in [*self.sockets, self.ear]:
            door.close()


@pytest.fixture
def manage(deploy):
    """Makes a deployment with a node that is not started, and a manager for it."""
    made = []

    def make(listen: str, *, abstract: bool = False, **settings) -> tuple:
        deployment = deploy()
        made.append(Manager(deployment, abstract=abstract))
        return deployment, made[-1], deployment.add_node(start=False, listen=listen, **settings)

    yield make
    for manager in made:
        manager.close()


def assert_serves(deployment, address: str, door: str = "fastcgi") -> None:
    nginx = deployment.add_nginx([address], door=door)
    model = deployment.model("rate=0;tokens=20")
    assert deployment.client(nginx).start(model=model.name).read().text == deployment.text(model)


# MARK: sockets


def test_a_socket_as_descriptor_0(manage):
    deployment, manager, node = manage("fd:0")
    address = manager.listen("door.sock")
    manager.start(node, first=0)
    manager.wait_for("READY")
    assert_serves(deployment, address)
    node.drain()
    node.drain()
    assert node.wait() == 0
    # It was not ours to remove.
    assert Path(address.removeprefix("unix:")).is_socket()


def test_spawn_fcgi_itself(deploy):
    program = shutil.which("spawn-fcgi")
    if not program:
        pytest.skip("spawn-fcgi is not installed")
    deployment = deploy()
    node = deployment.add_node(start=False, listen="fd:0")
    node.write_config()
    path = deployment.folder.path / "spawned.sock"
    command = [program, "-s", path, "-M", "0666", "-n", "--", deployment.programs / "sluice", "serve", "--config", node.config]
    node.process = node.processes.start(node.name, command, node.log)
    wait_until(node.is_ready, "the node to be ready", 30, node.log)
    assert_serves(deployment, f"unix:{path}")


def test_sockets_by_their_names_one_for_each_protocol(manage):
    deployment, manager, node = manage("systemd:fastcgi, scgi:systemd:scgi")
    # In another order than the configuration's, with one that is not asked for.
    scgi, _, fcgi = manager.listen("s.sock"), manager.listen("other.sock"), manager.listen("f.sock")
    manager.start(node, names=["scgi", "other", "fastcgi"])
    manager.wait_for("READY")
    assert_serves(deployment, fcgi)
    assert_serves(deployment, scgi, "scgi")
    # Operators know them again: as they wrote them, with the descriptor that was passed.
    labels = ["systemd:fastcgi (fd:5)", "scgi:systemd:scgi (fd:3)"]
    status = requests.get(f"{deployment.nginx.operator_url}/status?format=json", timeout=10).json()
    assert [row["address"] for row in status["listeners"] if row["door"] == "chat"] == labels
    assert f'listen="{", ".join(labels)}"' in node.log.read_text()


def test_all_sockets_without_a_name(manage):
    deployment, manager, node = manage("systemd")
    addresses = [manager.listen("a.sock"), manager.listen("b.sock")]
    manager.start(node, names=["unknown", "unknown"])
    manager.wait_for("READY")
    for address in addresses:
        assert_serves(deployment, address)


def test_no_socket_where_one_was_promised(manage):
    _, manager, node = manage("systemd:fastcgi")
    manager.start(node)
    assert node.wait() == 1
    assert "LISTEN_FDS" in node.log.read_text()
    assert manager.hear(0.01) is None


def test_a_restart_refuses_no_connection(manage):
    deployment, manager, node = manage("systemd:fastcgi")
    address = manager.listen("door.sock")
    manager.start(node, names=["fastcgi"])
    manager.wait_for("READY")
    deployment.add_nginx([address])
    model = deployment.model("rate=0;tokens=20")
    client = deployment.client()
    done = client.start(model=model.name).read()
    stop = threading.Event()

    def read_again_and_again() -> list[int]:
        reader, codes = requests.Session(), []
        while not stop.is_set():
            poll = f"{client.url}/chat/{done.id}/poll?cursor=1.0&reader={threading.get_ident()}"
            # Past its budget it is told so, by the program: that is no refused connection.
            codes.append(reader.get(poll, headers={"Authorization": f"Bearer {done.token}"}, timeout=60).status_code)
            stop.wait(0.02)
        return codes

    with ThreadPoolExecutor(6) as readers:
        reading = [readers.submit(read_again_and_again) for _ in range(4)]
        try:
            for _ in range(3):
                node.drain()
                assert node.wait() == 0
                # Nobody is there; who comes now waits.
                started = readers.submit(client.start, model=model.name)
                raw = readers.submit(fastcgi.status, address, "/chat/start", 60)
                manager.start(node, names=["fastcgi"])
                manager.wait_for("READY")
                assert started.result(60).read().text == deployment.text(model)
                assert raw.result(60) == 405
        finally:
            stop.set()
    codes = [code for reader in reading for code in reader.result()]
    assert set(codes) <= {200, 429} and codes.count(200) > 10


# MARK: news


@pytest.mark.parametrize("abstract", [False, True])
def test_it_says_ready_when_it_serves_and_not_before(manage, abstract):
    deployment, manager, node = manage("systemd:fastcgi", abstract=abstract)
    address = manager.listen("door.sock")
    with deployment.sql.transaction():
        deployment.sql.execute("lock table schema_change in access exclusive mode")
        manager.start(node, names=["fastcgi"])
        waiting = "select count(*) as n from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
        look = lambda: deployment.sql.execute(waiting, [deployment.database]).fetchone()["n"]
        # The statistics are one snapshot for the whole of a transaction.
        wait_until(lambda: deployment.sql.execute("select pg_stat_clear_snapshot()") and look(), "the node to wait")
        assert manager.hear(0.01) is None
    news = manager.hear(30)
    assert news == {"READY": "1", "STATUS": "0 live turns"}
    # At that very moment, without another try.
    assert fastcgi.status(node.operator, "/readyz") == 200
    assert fastcgi.status(address, "/chat/start", 10) == 405


def test_it_tells_of_live_turns_of_reloads_and_of_the_drain(manage):
    deployment, manager, node = manage("systemd:fastcgi", drain_timeout="60s")
    address = manager.listen("door.sock")
    manager.start(node, names=["fastcgi"], environment={"WATCHDOG_USEC": "400000"})
    manager.wait_for("READY")
    deployment.add_nginx([address])
    turn = deployment.client().start(model=deployment.model("rate=50;tokens=5000").name).read_some(10)
    manager.wait_for("STATUS", "1 live turn")

    manager.forget()
    node.process.signal(signal.SIGHUP)
    begun = manager.wait_for("RELOADING", "1")
    now = int(float(Path("/proc/uptime").read_text().split()[0]) * 1_000_000)
    assert abs(now - int(begun["MONOTONIC_USEC"])) < 60_000_000
    assert manager.wait_for("READY")["STATUS"] == "1 live turn"

    node.drain()
    stopping = manager.wait_for("STOPPING", "1")
    assert stopping["STATUS"] == "draining, 1 live turn"
    # As long as it goes on, more time is asked for, and the watchdog is fed.
    for _ in range(3):
        assert int(manager.wait_for("EXTEND_TIMEOUT_USEC")["EXTEND_TIMEOUT_USEC"]) >= 400_000
    manager.wait_for("WATCHDOG", "1")
    turn.cancel()
    assert node.wait() == 0


def test_a_socket_that_stays_open_is_answered_while_the_node_drains_beside_another(manage):
    deployment, manager, node = manage("systemd:fastcgi", drain_timeout="60s")
    address = manager.listen("door.sock")
    manager.start(node, names=["fastcgi"])
    manager.wait_for("READY")
    deployment.add_node()
    deployment.add_nginx([address])
    client, model = deployment.client(), deployment.model("rate=50;tokens=5000")
    turn = client.start(model=model.name).read_some(10)
    node.drain()
    manager.wait_for("STOPPING", "1")
    # New connections too, not only those that nginx keeps.
    for _ in range(5):
        assert fastcgi.status(address, "/chat/start", 10) == 405
    refused = client.post_start({"message": "x", "model": model.name}, timeout=10)
    assert refused.status_code == 503 and refused.json()["error"]["code"] == "draining"
    assert turn.get(wait=0).status_code == 200
    turn.cancel()
    assert turn.read().state == "cancelled"
    assert node.wait() == 0


def test_a_process_that_stands_still_does_not_feed_the_watchdog(manage):
    _, manager, node = manage("systemd:fastcgi")
    manager.listen("door.sock")
    manager.start(node, names=["fastcgi"], environment={"WATCHDOG_USEC": "400000"})
    for _ in range(3):
        manager.wait_for("WATCHDOG", "1")
    node.pause()
    wait_until(lambda: " T " in Path(f"/proc/{node.process.pid}/stat").read_text(), "it to stand still")
    manager.forget()
    # Five times what lies between two signs of life.
    assert manager.hear(1) is None
    node.resume()
    manager.wait_for("WATCHDOG", "1")


@pytest.mark.parametrize("environment", [{}, {"WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}])
def test_no_watchdog_is_fed_that_is_not_there(manage, environment):
    _, manager, node = manage("systemd:fastcgi")
    manager.listen("door.sock")
    manager.start(node, names=["fastcgi"], environment=environment)
    manager.wait_for("READY")
    node.process.signal(signal.SIGHUP)
    manager.wait_for("RELOADING", "1")
    manager.wait_for("READY")
    assert not any("WATCHDOG" in news for news in manager.heard)


@pytest.mark.parametrize("name", ["/nonexistent/notify", "relative", "@", "/" + "x" * 200])
def test_a_manager_that_cannot_be_told_disturbs_nobody(deploy, name):
    deployment = deploy()
    node = deployment.add_node(environment={"NOTIFY_SOCKET": name})
    deployment.add_nginx()
    assert ChatClient(deployment.nginx.url).open_session().status_code == 201
    node.drain()
    node.drain()
    assert node.wait() == 0


# MARK: units


@pytest.fixture
def units(programs, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    # Whatever the path of the checkout, a unit names it without blanks.
    (tmp_path / "sluice").symlink_to(programs / "sluice")
    for name in ("sluice.service", "sluice.socket"):
        text = (UNITS / name).read_text().replace("/usr/local/bin/sluice", str(tmp_path / "sluice"))
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_units_are_what_systemd_takes(units):
    command = ["systemd-analyze", "verify", units / "sluice.service", units / "sluice.socket"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    told = [line for line in done.stderr.splitlines() if "sluice" in line]
    assert (done.returncode, told) == (0, [])


def test_the_service_is_locked_up(units):
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", units / "sluice.service"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_the_service_gives_the_program_what_it_needs(deploy):
    text = (UNITS / "sluice.service").read_text()
    # drain_timeout's default, the last ends, and nginx's idle connections.
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.M)[1]) > 60 + 5 + 65
    limit = re.search(r"^LimitNOFILE=(\d+)$", text, re.M)[1]
    node = deploy().add_node(start=False)
    node.write_config()
    done = subprocess.run(
        [node.programs / "sluice", "check", "--config", node.config], capture_output=True, text=True, timeout=60
    )
    needed = re.search(r"(?:may need|be open,) (\d+)", done.stdout)[1]
    assert int(limit) >= int(needed)
    # The socket that the unit names is the one that nginx is told of.
    assert f"ListenStream={re.search(r'server unix:(.*?) ', (UNITS / 'sluice-upstream.conf').read_text())[1]}\n" in (
        UNITS / "sluice.socket"
    ).read_text()

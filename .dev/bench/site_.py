"""What the benchmark measures on: PostgreSQL with fsync, a simulator, one Sluice, nginx, and the references."""

import json
import mmap
import os
import shutil
import struct
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from stack import Failure, Folder, Nginx, Node, PrivatePostgres, Process, Processes, Simulator, wait_until

REFERENCES = Path(__file__).with_name("references")

# Driver → the path of the simulator's base URL for it.
DRIVERS = {
    "openai": "/v1",
    "responses": "/v1",
    "anthropic": "/v1",
    "ollama": "",
    "bedrock": "",
    "gemini": "/v1beta",
}

SURFACES = """
insert into sluice.credential (name, reference) values ('bench', 'env:BENCH_KEY');
insert into sluice.surface (name, kind, anonymous, pace_ms, session_limit)
values ('bench', 'web', true, 250, 100000), ('quick', 'web', true, 0, 100000),
  ('paced', 'web', true, 50, 100000);
"""


@dataclass
class Turn:
    """A started turn as its reader knows it."""

    id: str
    token: str
    cursor: str = "1.0"

    def path(self, what: str = "poll", /, **query) -> str:
        words = {"cursor": self.cursor, **query}
        return f"/chat/{self.id}/{what}?" + "&".join(f"{name}={value}" for name, value in words.items())


@dataclass
class Peer:
    """A further node behind an nginx of its own."""

    site: "Site"
    node: Node
    nginx: Nginx

    def close(self) -> None:
        self.nginx.stop()
        self.node.process.stop(20)
        self.site.processes.forget(self.node.process)


class Site:
    """Everything starts with `start`; `node` may be replaced by another one."""

    def __init__(self, programs: Path, logs: Path):
        self.programs, self.logs = programs, logs
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        self.folder, self.processes = Folder(), Processes()
        # What each is to the simulator.
        self.models: dict[str, str] = {}
        self.node: Node | None = None

    def start(self) -> None:
        self.postgres = PrivatePostgres(self.processes, self.folder.path, self.logs / "postgres.log")
        self.postgres.start()
        self.postgres.create("sluice")
        self.postgres.deploy("sluice")
        self.postgres.sql("sluice", SURFACES)
        self.recycle_wal()
        self.simulator = Simulator(self.processes, self.programs, self.folder.path, self.logs / "simulator.log")
        self.start_node()
        self.nginx = Nginx(
            self.processes,
            self.folder.path,
            self.logs / "nginx.log",
            self.node.addresses,
            self.node.operator,
            locations=self.references(),
            connections=16_000,
        )
        self.nginx.start()

    def recycle_wal(self) -> None:
        """Has the server keep WAL files to write over, as one that has run for a while: to make one takes it 0.1 s."""
        self.postgres.sql("sluice", "alter system set min_wal_size = '1GB';\nselect pg_reload_conf();")
        write = "select pg_logical_emit_message(true, '', '');\nselect pg_switch_wal();\n"
        self.postgres.sql("sluice", write * 40 + "checkpoint;")

    def close(self) -> None:
        self.processes.stop()
        self.folder.remove()

    def start_node(self, environment: dict[str, str] | None = None, **settings: str) -> None:
        """A fresh node in the former one's place."""
        self.stop_node()
        self.node = self.new_node("node", environment, **settings)

    def stop_node(self) -> None:
        if self.node:
            self.node.process.stop(20)
            self.processes.forget(self.node.process)
        self.node = None

    def new_node(self, name: str, environment: dict[str, str] | None = None, **settings: str) -> Node:
        chosen = {"turn_limit": "20000", "upstream_limit": "20000", "upstream_host_limit": "20000", "drain_timeout": "0s"}
        node = Node(
            self.processes,
            self.programs,
            self.folder.path,
            self.logs / ("sluice.log" if name == "node" else f"{name}.log"),
            self.postgres.conninfo("sluice"),
            name=name,
            settings={**chosen, **settings},
            environment={"BENCH_KEY": "bench", **(environment or {})},
        )
        node.start()
        return node

    def add_node(self, tag: int) -> Peer:
        """A second node, which serves what comes by its own nginx."""
        node = self.new_node(f"node-{tag}", node_tag=str(tag))
        nginx = Nginx(
            self.processes, self.folder.path, self.logs / f"nginx-{tag}.log", node.addresses, node.operator, connections=16_000
        )
        nginx.start()
        return Peer(self, node, nginx)

    def count_statements(self, wanted: bool = True) -> None:
        """Restarts the server with pg_stat_statements, or without it, and the node with it."""
        self.stop_node()
        value = "= 'pg_stat_statements'" if wanted else "to default"
        self.postgres.sql("sluice", f"alter system set shared_preload_libraries {value};")
        self.postgres.restart()
        self.postgres.sql("sluice", "create extension if not exists pg_stat_statements;" if wanted else "drop extension pg_stat_statements;")
        self.start_node()

    # references

    def references(self) -> str:
        """nginx locations of the references: a constant of nginx itself, of PHP-FPM and of C on libfcgi."""
        return f"""
    location = /reference/nginx {{ default_type application/json; add_header Cache-Control no-store; return 200 '{"x" * 400}'; }}
    location = /reference/c {{ include "{self.nginx_params()}"; fastcgi_pass "unix:{self.folder.path}/c.sock"; }}
    location = /reference/php {{
      include "{self.nginx_params()}";
      fastcgi_param SCRIPT_FILENAME "{self.folder.path}/poll.php";
      fastcgi_pass "unix:{self.folder.path}/php.sock";
    }}
"""

    def nginx_params(self) -> Path:
        path = self.folder.path / "reference_params"
        path.write_text(
            "fastcgi_pass_request_headers off;\n"
            + "".join(
                f"fastcgi_param {name} {value};\n"
                for name, value in {
                    "REQUEST_METHOD": "$request_method",
                    "QUERY_STRING": "$query_string",
                    "SCRIPT_NAME": "$uri",
                    "SERVER_PROTOCOL": "$server_protocol",
                }.items()
            )
        )
        return path

    def start_c(self, size: int) -> Process:
        program = self.folder.path / "constant"
        self.compile([REFERENCES / "constant.c", "-lfcgi", "-lpthread"], program)
        socket = self.folder.path / "c.sock"
        process = self.processes.start("C reference", [program, socket, str(size)], self.logs / "c.log")
        wait_until(socket.exists, "the C reference to listen", 10, self.logs / "c.log")
        socket.chmod(0o666)
        return process

    def start_php(self, size: int) -> Process:
        shutil.copy(REFERENCES / "poll.php", self.folder.path / "poll.php")
        programs = sorted(Path("/usr/sbin").glob("php-fpm*"))
        if not programs:
            raise Failure("php-fpm is not installed")
        socket = self.folder.path / "php.sock"
        root = os.geteuid() == 0
        user = "user = www-data\ngroup = www-data\n" if root else ""
        config = self.folder.path / "php-fpm.conf"
        config.write_text(
            f"[global]\nerror_log = {self.logs}/php.log\ndaemonize = no\n[bench]\n{user}listen = {socket}\n"
            f"listen.mode = 0666\npm = static\npm.max_children = 4\nenv[BODY_BYTES] = {size}\n"
        )
        process = self.processes.start(
            "PHP-FPM", [programs[-1], "-F", "-y", config, "-d", "apc.enabled=1"], self.logs / "php.log"
        )
        wait_until(socket.exists, "PHP-FPM to listen", 10, self.logs / "php.log")
        return process

    def compile(self, words: list, out: Path, *flags: str) -> None:
        done = subprocess.run(
            ["cc", "-O2", *flags, "-o", out, *words], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Failure(f"cc failed: {done.stderr.strip()}")

    # a client's steps

    def model(self, name: str, scenario: str, driver: str = "openai", **columns: str) -> str:
        """A virtual model for which the simulator plays `scenario`; made once."""
        if name not in self.models:
            self.models[name] = f"{name};{scenario}"
            self.postgres.sql(
                "sluice",
                """
                with m as (
                  insert into sluice.virtual_model (name, title, durability) values (:'name', :'name', :'durability')
                  returning id
                )
                insert into sluice.model_route (model_id, driver, provider_model, region, credential_id)
                select m.id, :'driver', :'provider', :'region', c.id
                from m
                left join sluice.credential c on c.name = 'bench' and :'driver' <> 'openai';
                """,
                name=name,
                durability=columns.get("durability", "commit"),
                provider=self.models[name],
                driver=driver,
                region=f"{self.simulator.url}{DRIVERS[driver]}",
            )
        return name

    def rest(self, model: str) -> None:
        """Waits until the model's turns have ended: those of a load run on when it leaves."""
        wait_until(lambda: not self.simulator.open_streams(self.models[model]), f"the turns of {model} to end", 60)

    def session(self, surface: str = "bench") -> str:
        return self.call("/chat/session", {"surface": surface})["token"]

    def sessions(self, count: int, surface: str = "bench") -> list[str]:
        """Of so many visitors: what a node bears for one is bounded."""
        return [self.session(surface) for _ in range(count)]

    def begin(self, model: str, session: str) -> Turn:
        started = self.call(
            "/chat/start", {"model": model, "message": "go", "stream": {"modes": ["poll"]}}, session
        )
        return Turn(started["turn"], started["token"])

    def poll(self, turn: Turn, **query) -> dict:
        return self.call(turn.path(**query), token=turn.token)

    def call(self, path: str, body: dict | None = None, token: str | None = None) -> dict:
        request = urllib.request.Request(
            self.nginx.url + path, json.dumps(body).encode() if body is not None else None
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    # loads

    def load(self, kind: str, *words: str, seconds: float = 300, port: int = 0, **watched: Process) -> dict:
        """Runs the load generator against nginx, or what listens on `port`; what it found. `watched`: further processes."""
        command = self.command(kind, *words, port=port, **watched)
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        if done.returncode != 0:
            raise Failure(f"sluice-bench {kind} failed: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def command(self, kind: str, *words: str, port: int = 0, **watched: Process) -> list[str]:
        watched = {
            "sluice": self.node.process,
            "nginx": self.nginx.process,
            "simulator": self.simulator.process,
            "postgres": self.postgres.process,
            **watched,
        }
        watches = [word for name, process in watched.items() for word in ("--watch", f"{name}={process.pid}")]
        return [str(word) for word in [self.programs / "sluice-bench", kind, "--port", port or self.nginx.port, *watches, *words]]

    def write(self, name: str, lines: list[str]) -> Path:
        path = self.folder.path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def resident(self) -> int:
        """Resident bytes of Sluice."""
        pages = int(Path(f"/proc/{self.node.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")

    def count_allocations(self) -> "Allocations":
        """A fresh node that counts what it allocates."""
        library, file = self.folder.path / "allocations.so", self.folder.path / "allocations"
        self.compile([REFERENCES / "allocations.c"], library, "-shared", "-fPIC")
        file.write_bytes(bytes(16))
        self.start_node({"LD_PRELOAD": str(library), "ALLOCATIONS": str(file)})
        return Allocations(file)


class Allocations:
    """What the node has asked malloc for."""

    def __init__(self, file: Path):
        with file.open("r+b") as opened:
            self.memory = mmap.mmap(opened.fileno(), 16)

    @property
    def bytes(self) -> int:
        return struct.unpack("Q", self.memory[:8])[0]

    @property
    def count(self) -> int:
        return struct.unpack("Q", self.memory[8:16])[0]


def stalls(seconds: float = 3) -> tuple[float, int]:
    """What the machine itself takes from a process that only reads the clock: the share of its time, and how many gaps
    there were of more than 5 ms. No latency can be better than that."""
    lost, gaps = 0.0, 0
    begun = last = time.perf_counter()
    while last - begun < seconds:
        now = time.perf_counter()
        if now - last > 0.0005:
            lost += now - last
            gaps += now - last > 0.005
        last = now
    return lost / seconds, gaps


def fdatasync_ms(folder: Path) -> float:
    """What one durable write costs here: the median of 200."""
    times = []
    descriptor = os.open(folder / "fdatasync", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(200):
            os.write(descriptor, bytes(8192))
            before = time.perf_counter()
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - before)
    finally:
        os.close(descriptor)
    return sorted(times)[len(times) // 2] * 1000

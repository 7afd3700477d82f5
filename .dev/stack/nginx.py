"""A private nginx that includes the very files operators include."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from .failure import wait_until
from .folder import WORKERS
from .ports import free_port
from .processes import Process, Processes

SOURCES = Path(__file__).resolve().parents[2] / "nginx"
# The snippet of each protocol by which requests may be passed on.
SNIPPETS = {"fastcgi": "sluice.conf", "scgi": "sluice-scgi.conf"}
# Debian's package enables it for the system's nginx; ours loads it by itself where it is there.
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so")
OPTIONS = "max_fails=3 fail_timeout=3s"


class Nginx:
    """An nginx on 127.0.0.1 in front of one or more nodes, with the chat page at `/`.

    The snippets are installed as an operator would install them: copied, with the addresses and the log paths edited.
    `nodes` are addresses that share all requests, or by tag those of nodes that are asked for their own turns first.
    `settings` are directives of a site's own, for its http { } block, `locations` for its server { }; `idle` is how
    long connections to nodes are kept without use; `connections` are those of one worker, at both ends.
    """

    def __init__(
        self,
        processes: Processes,
        folder: Path,
        log: Path,
        nodes: list[str] | dict[int, str],
        operator: str,
        port: int | None = None,
        *,
        door: str = "fastcgi",
        settings: str = "",
        idle: str = "60s",
        locations: str = "",
        connections: int = 4096,
    ):
        self.processes, self.log, self.nodes, self.operator = processes, log, nodes, operator
        self.snippet, self.settings, self.idle = SNIPPETS[door], settings, idle
        self.locations, self.connections = locations, connections
        self.port, self.operator_port = port or free_port(), free_port()
        self.home = folder / f"nginx-{self.port}"
        self.process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def operator_url(self) -> str:
        return f"http://127.0.0.1:{self.operator_port}"

    def start(self) -> None:
        """Writes the configuration, starts nginx and waits until it listens."""
        self.home.mkdir(exist_ok=True)
        for name in ("temporary", "logs"):
            (self.home / name).mkdir(exist_ok=True)
        # A copy: as root the workers run as a user who may not reach the checkout.
        shutil.copytree(SOURCES / "html", self.home / "html", dirs_exist_ok=True)
        for name, text in self.files().items():
            (self.home / name).write_text(text)
        self.process = self.processes.start(
            "nginx",
            ["nginx", "-p", self.home, "-c", self.home / "nginx.conf", "-e", self.log],
            self.log,
            death=15,
            env={"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"},
        )
        wait_until(self.listens, "nginx to listen", 15, self.log)

    def listens(self) -> bool:
        self.process.must_run()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def reload(self, nodes: list[str] | dict[int, str]) -> None:
        """Makes it pass requests to these nodes from now on."""
        self.nodes = nodes
        (self.home / "sluice-upstream.conf").write_text(self.files()["sluice-upstream.conf"])
        self.process.signal(1)

    def workers(self) -> set[int]:
        """The processes that serve; after a reload, also the former ones until they have nothing left to do."""
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return set(map(int, listed.stdout.split()))

    def stop(self) -> None:
        self.process.stop()
        self.processes.forget(self.process)

    def files(self) -> dict[str, str]:
        """The configuration: file name to text."""

        def edited(name: str, *edits: tuple[str, str]) -> str:
            text = self.source(name)
            for pattern, replacement in edits:
                text, count = re.subn(pattern, lambda _: replacement, text, flags=re.M)
                assert count, f"{name} has no {pattern}"
            return text

        template = (SOURCES / "dev.conf.template").read_text()
        settings = {
            "home": str(self.home),
            "modules": f'load_module "{BROTLI}";' if BROTLI.exists() else "",
            "port": str(self.port),
            "user": f"user {WORKERS};" if os.geteuid() == 0 else "",
            "settings": self.settings,
            "locations": self.locations,
            "connections": str(self.connections),
        }
        tagged = isinstance(self.nodes, dict)
        upstream = self.tagged if tagged else [(rf"^  server .* {OPTIONS};$", servers(self.nodes))]
        brotli = {"sluice-brotli.conf": edited("sluice-brotli.conf")} if BROTLI.exists() else {}
        openai = {"sluice-openai.conf": edited("sluice-openai.conf")} if self.snippet == SNIPPETS["fastcgi"] else {}
        return brotli | openai | {
            "sluice.conf": edited(
                self.snippet, (r"include snippets/(sluice-brotli.*);", f'include "{self.home}/sluice-brotli*.conf";')
            ),
            "sluice-upstream.conf": edited(
                "sluice-upstream-nodes.conf" if tagged else "sluice-upstream.conf",
                *upstream,
                (r"keepalive_timeout 60s;", f"keepalive_timeout {self.idle};"),
            ),
            "sluice-operator.conf": edited(
                "sluice-operator.conf",
                (r"^  server unix:.*;$", f'  server "{self.operator}";'),
                (r"listen 127\.0\.0\.1:\d+;", f"listen 127.0.0.1:{self.operator_port};"),
            ),
            "nginx.conf": re.sub(r"@(\w+)@", lambda match: settings[match[1]], template),
        }

    @property
    def tagged(self) -> list[tuple[str, str]]:
        """The edits of sluice-upstream-nodes.conf: what it shows of two nodes, for as many as there are."""
        lines = [f'  "~^/chat/.{{14}}7{tag:03x}-" "sluice_{tag:03x}";' for tag in self.nodes]
        pattern = re.search(r"^upstream sluice_001 \{\n.*?^\}\n", self.source("sluice-upstream-nodes.conf"), re.M | re.S)[0]
        blocks = []
        for tag, address in self.nodes.items():
            others = [other for other in self.nodes.values() if other != address]
            own = servers([address]) + "".join(f'\n  server "{other}" {OPTIONS} backup;' for other in others)
            block = re.sub(r"(  server .*\n)+", lambda _: own + "\n", pattern).replace("sluice_001", f"sluice_{tag:03x}")
            blocks.append(block)
        return [
            (r'(^  "~\^/chat/.*\n?)+', "\n".join(lines) + "\n"),
            (r"(?s)^upstream sluice_001 .*?(?=^# ----- Without)", "\n".join(blocks) + "\n"),
            (r"(?<=^upstream sluice \{\n)(  server .*\n)+", servers(self.nodes.values()) + "\n"),
        ]

    def source(self, name: str) -> str:
        """A file of ours, with the log paths edited."""
        return (SOURCES / name).read_text().replace("/var/log/nginx", str(self.home / "logs"))


def servers(addresses) -> str:
    return "\n".join(f'  server "{address}" {OPTIONS};' for address in addresses)

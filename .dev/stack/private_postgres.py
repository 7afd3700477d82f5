"""A PostgreSQL cluster of our own."""

import os
import shutil
import signal
from pathlib import Path

from .failure import Failure, wait_until
from .postgres import Postgres
from .processes import Process, Processes

STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


class PrivatePostgres(Postgres):
    """A cluster with fresh data, reached by its unix socket alone, by whoever may enter the socket's folder.

    PostgreSQL refuses to run as root: there it runs as the user `postgres` that Debian's package makes.
    `durable=False` trades safety at a power cut for speed; every other guarantee stays.
    """

    def __init__(self, processes: Processes, folder: Path, log: Path, *, durable: bool = True):
        super().__init__(folder / "postgres")
        self.processes, self.log, self.durable = processes, log, durable
        self.user = "postgres" if os.geteuid() == 0 else None
        self.data = self.socket / "data"
        self.process: Process | None = None
        self.socket.mkdir(mode=0o700)
        if self.user:
            shutil.chown(self.socket, self.user, self.user)
        initdb = Process(
            "initdb",
            [self.programs / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
            + ["--auth-local=trust", "--auth-host=reject", "--no-sync"],
            log,
            user=self.user,
        )
        if initdb.wait(120) != 0:
            raise Failure("initdb failed", log)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "max_connections": "300",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        self.process = self.processes.start(
            "PostgreSQL",
            [self.programs / "postgres", "-D", self.data]
            + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")],
            self.log,
            user=self.user,
            polite=signal.SIGINT,
            death=signal.SIGINT,
        )
        wait_until(self.is_ready, "PostgreSQL to answer", 60, self.log)

    def is_ready(self) -> bool:
        self.process.must_run()
        return self.run("pg_isready", "-q", check=False).returncode == 0

    def stop(self, mode: str = "fast") -> None:
        """Stops it: `smart`, `fast` (sessions are cut) or `immediate` (as in a crash)."""
        self.process.signal(STOP_SIGNALS[mode])
        self.process.wait(60)
        self.processes.forget(self.process)

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self.start()

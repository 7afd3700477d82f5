"""One Sluice process."""

import os
import secrets
import signal
from pathlib import Path

from . import fastcgi
from .failure import wait_until
from .processes import Process, Processes


class Node:
    """A `sluice serve` with its own configuration file and sockets. It can be started again after it ended.

    `settings` go into the configuration file and win over those chosen here; `environment` is for credentials.
    """

    def __init__(
        self,
        processes: Processes,
        programs: Path,
        folder: Path,
        log: Path,
        database: str,
        *,
        name: str = "node",
        settings: dict[str, str] | None = None,
        environment: dict[str, str] | None = None,
    ):
        self.processes, self.programs, self.log, self.name = processes, programs, log, name
        self.environment = environment or {}
        self.process: Process | None = None
        self.config = folder / f"{name}.conf"
        self.settings = {
            "listen": f"unix:{folder}/{name}.sock",
            "operator_listen": f"unix:{folder}/{name}-operator.sock",
            "database": database,
            "key_file": str(key_file(folder)),
            "drain_timeout": "5s",
            "log_level": "info",
            "log_format": "text",
            **(settings or {}),
        }

    @property
    def addresses(self) -> list[str]:
        """Where it takes requests, as nginx writes it."""
        return [word.removeprefix("scgi:") for word in self.settings["listen"].replace(" ", "").split(",")]

    @property
    def operator(self) -> str:
        return self.settings["operator_listen"]

    def start(self) -> None:
        """Starts it and waits until /readyz says 200."""
        self.launch()
        wait_until(self.is_ready, f"{self.name} to be ready", 30, self.log)

    def launch(self) -> None:
        """Starts it and waits for nothing."""
        self.write_config()
        self.process = self.processes.start(
            self.name,
            [self.programs / "sluice", "serve", "--config", self.config],
            self.log,
            env=self.environment,
        )

    def write_config(self) -> None:
        self.config.write_text("".join(f"{key} = {value}\n" for key, value in self.settings.items()))

    def is_ready(self) -> bool:
        self.process.must_run()
        return fastcgi.status(self.operator, "/readyz") == 200

    def kill(self) -> None:
        """As a crash: SIGKILL."""
        self.process.kill()
        self.processes.forget(self.process)

    def pause(self) -> None:
        """Freezes it as a long stop of the machine would."""
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.signal(signal.SIGCONT)

    def drain(self) -> None:
        """Asks it to end and waits for nothing."""
        self.process.signal(signal.SIGTERM)

    def wait(self, timeout: float = 90) -> int:
        """Its exit code, once it has ended."""
        code = self.process.wait(timeout)
        self.processes.forget(self.process)
        return code


def key_file(folder: Path) -> Path:
    """The signing keys of all nodes of one stack, made on first use."""
    path = folder / "token.keys"
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"dev: {secrets.token_hex(32)}\n")
    return path

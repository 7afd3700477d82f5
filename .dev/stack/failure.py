"""What went wrong, told with the log that explains it."""

import time
from collections.abc import Callable
from pathlib import Path


class Failure(Exception):
    """A part of the stack did not do what it had to; `log` is the file to look into, if there is one."""

    def __init__(self, message: str, log: Path | None = None):
        self.log = log
        tail = log_tail(log) if log else ""
        super().__init__(f"{message}\n--- {log} ---\n{tail}" if tail else message)


def log_tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, "" when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def wait_until(condition: Callable[[], object], what: str, timeout: float = 30, log: Path | None = None):
    """Returns the first true value of `condition`; raises Failure when there is none within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout:g} s in vain for: {what}", log)
        time.sleep(0.02)

"""Child processes that cannot outlive us."""

import ctypes
import os
import pwd
import signal
import subprocess
import time
from pathlib import Path

from .failure import Failure

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


class Process:
    """A running child in a process group of its own (a Ctrl-C in the terminal is ours to act on, not the child's).

    `death` is the signal the kernel sends it when we die, `polite` the one that asks it to end; `inherit` are descriptors
    that it gets under the numbers that they have here.
    """

    def __init__(
        self,
        name: str,
        argv: list[str | Path],
        log: Path,
        *,
        env: dict[str, str] | None = None,
        user: str | None = None,
        polite: int = signal.SIGTERM,
        death: int = signal.SIGKILL,
        inherit: tuple[int, ...] = (),
    ):
        self.name, self.log, self.polite = name, log, polite
        parent = os.getpid()

        # The kernel forgets the wish when the user changes: Python runs this after that.
        def die_with_parent():
            libc.prctl(PR_SET_PDEATHSIG, death)
            if os.getppid() != parent:
                os._exit(1)

        as_user = {}
        if user:
            entry = pwd.getpwnam(user)
            groups = os.getgrouplist(user, entry.pw_gid)
            as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            try:
                self.child = subprocess.Popen(
                    [str(word) for word in argv],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    env={**os.environ, **(env or {})},
                    cwd="/",
                    process_group=0,
                    pass_fds=inherit,
                    preexec_fn=die_with_parent,
                    **as_user,
                )
            except OSError as error:
                raise Failure(f"{name} cannot be started: {error}") from error

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self.child.poll()

    def must_run(self) -> None:
        """Raises Failure when it has ended."""
        if self.exit_code is not None:
            raise Failure(f"{self.name} ended with code {self.exit_code}", self.log)

    def signal(self, number: int) -> None:
        """Sends a signal to the child alone; harmless when it has ended."""
        if self.exit_code is None:
            self.child.send_signal(number)

    def wait(self, timeout: float = 30) -> int:
        """Its exit code; Failure when it still runs after `timeout` seconds."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {timeout:g} s", self.log) from None

    def kill(self) -> None:
        """Ends it and its whole group at once."""
        if self.exit_code is None:
            kill_group(self.pid)
            self.child.wait()

    def stop(self, patience: float = 5) -> None:
        """Asks it to end; kills its group when it has not within `patience` seconds."""
        self.signal(signal.SIGCONT)
        self.signal(self.polite)
        try:
            self.child.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()


class Processes:
    """All children of one stack, in the order in which they were started."""

    def __init__(self):
        self.all: list[Process] = []

    def start(self, *arguments, **options) -> Process:
        """Starts a child as `Process` does and remembers it."""
        process = Process(*arguments, **options)
        self.all.append(process)
        return process

    def first_ended(self) -> Process | None:
        """A child that has ended although nobody asked for it."""
        return next((process for process in self.all if process.exit_code is not None), None)

    def forget(self, process: Process) -> None:
        """No longer minds a child that was ended on purpose."""
        self.all.remove(process)

    def stop(self, patience: float = 5) -> None:
        """Stops all, the last one first. What is left after `patience` seconds altogether is killed."""
        deadline = time.monotonic() + patience
        while self.all:
            self.all.pop().stop(max(0.1, deadline - time.monotonic()))


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass

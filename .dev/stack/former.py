"""The release before this one, from this repository's history: what an upgrade begins with."""

import fcntl
import io
import os
import subprocess
import tarfile
from pathlib import Path

from .failure import Failure

ROOT = Path(__file__).resolve().parents[2]


class NoHistory(Failure):
    """This checkout has no such commit: it is shallow, or no repository at all."""


class FormerRelease:
    """Its programs and migrations, built once per checkout, below `.build/former`."""

    # The commit of the former release. Whoever makes a release moves it on to the one before it: upgrades are tested
    # from there, one step at a time.
    COMMIT = "00214e3643f875cf8a1821d7767eb040400c4cdb"

    def __init__(self):
        self.folder = ROOT / ".build/former" / self.COMMIT[:12]

    @property
    def programs(self) -> Path:
        return self.programs_of("debug")

    def programs_of(self, configuration: str) -> Path:
        return self.folder / ".build" / configuration

    @property
    def migrations(self) -> Path:
        return self.folder / "Migrations"

    def mark(self, configuration: str) -> Path:
        """What stands there once it is built."""
        return self.folder / ("built" if configuration == "debug" else f"built-{configuration}")

    def build(self, swift: str = "swift", log: Path | None = None, configuration: str = "debug") -> None:
        """Builds the program unless that was done before; waits for whoever is doing it. Minutes the first time."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f"{self.folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.mark(configuration).exists():
                return
            self.unpack()
            # The checkout's cache: whatever can be had without the network is.
            cache = ROOT / ".build/cache"
            command = [swift, "build", "--cache-path", cache, "--product", "sluice", "--disable-index-store"]
            command += ["--configuration", configuration]
            with open(log or os.devnull, "ab") as out:
                done = subprocess.run(
                    [str(word) for word in command],
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
            if done.returncode != 0:
                raise Failure("the former release cannot be built", log)
            self.mark(configuration).touch()

    def unpack(self) -> None:
        archive = subprocess.run(["git", "archive", self.COMMIT], cwd=ROOT, capture_output=True)
        if archive.returncode != 0:
            raise NoHistory(f"no commit {self.COMMIT[:12]} here: {archive.stderr.decode().strip()}")
        self.folder.mkdir(exist_ok=True)
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(self.folder)
        # The very versions of its dependencies that are fetched already.
        pins = ROOT / "Package.resolved"
        if pins.exists():
            (self.folder / "Package.resolved").write_bytes(pins.read_bytes())

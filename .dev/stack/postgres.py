"""A PostgreSQL server as its superuser sees it."""

import os
import shutil
import subprocess
from pathlib import Path

from .failure import Failure

MIGRATIONS = Path(__file__).resolve().parents[2] / "Migrations"


class Postgres:
    """A running server, reached by the unix socket in the folder `socket`."""

    def __init__(self, socket: Path):
        self.socket = socket
        self.programs = programs()

    def create(self, database: str, template: str = "template1") -> None:
        """A new database, a copy of `template`."""
        self.sql("postgres", f'create database "{database}" template "{template}"')

    def drop(self, database: str) -> None:
        """Drops a database, whoever is connected to it."""
        self.sql("postgres", f'drop database if exists "{database}" with (force)')

    def sql(self, database: str, text: str, **variables: str) -> str:
        """Runs SQL by psql as superuser; `variables` are psql's. Returns the rows, fields parted by |."""
        options = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        done = self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *options, "-d", database, "-f", "-", stdin=text)
        return done.stdout.removesuffix("\n")

    def sqitch(self, database: str, *arguments: str, migrations: Path = MIGRATIONS) -> str:
        """Runs Sqitch on the migrations; returns what it said."""
        done = self.run("sqitch", *arguments[:1], "-C", migrations, *arguments[1:], f"db:pg:{database}")
        return done.stdout

    def deploy(self, database: str, migrations: Path = MIGRATIONS) -> None:
        """Brings a database's schema to the newest version of these migrations, each step verified."""
        self.sqitch(database, "deploy", "--verify", migrations=migrations)

    def conninfo(self, database: str, user: str = "sluice_app") -> str:
        """libpq's keywords for a connection."""
        return f"host={self.socket} dbname={database} user={user}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client program needs to reach this cluster as superuser, and nobody else's settings."""
        return {
            **os.environ,
            # Before Debian's wrappers, which cost a Perl start each.
            "PATH": f"{self.programs}:{os.environ.get('PATH', os.defpath)}",
            "PGHOST": str(self.socket),
            "PGUSER": "postgres",
            "PGOPTIONS": "--client-min-messages=warning",
            "SQITCH_SYSTEM_CONFIG": os.devnull,
            "SQITCH_USER_CONFIG": os.devnull,
            "SQITCH_FULLNAME": "Sluice development",
            "SQITCH_EMAIL": "development@localhost",
        }

    def run(self, *argv: str | Path, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a client program to its end; Failure when it fails and `check` is asked for."""
        command, environment = [str(word) for word in argv], self.environment
        command[0] = shutil.which(command[0], path=environment["PATH"]) or command[0]
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, env=environment)
        if check and done.returncode != 0:
            raise Failure(f"{argv[0]} failed: {(done.stderr or done.stdout).strip()}")
        return done


def programs() -> Path:
    """The folder of the newest server's programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    if postgres := shutil.which("postgres"):
        return Path(postgres).parent
    raise Failure("no PostgreSQL server is installed")

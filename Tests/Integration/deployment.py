"""A Sluice of a test's own: a database, a simulator, and as many nodes and nginx as it asks for."""

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
from canaries import MODEL
from chat_client import ChatClient
from psycopg import sql
from psycopg.rows import dict_row
from stack import Folder, Nginx, Node, Postgres, Processes, Simulator

TEMPLATE = "sluice_template"


@dataclass(frozen=True)
class Model:
    """A virtual model whose only route leads to the simulator."""

    name: str
    # What the simulator sees: it scripts the answer.
    provider_model: str


class Deployment:
    """Everything it starts ends with `close`. Its surface `web` is anonymous and quick; others are special.

    `migrations`: those of another release, instead of the present schema.
    """

    def __init__(self, postgres: Postgres, programs: Path, logs: Path, migrations: Path | None = None):
        self.postgres, self.programs, self.logs = postgres, programs, logs
        shutil.rmtree(logs, ignore_errors=True)
        self.folder, self.processes = Folder(), Processes()
        self.database = f"test_{uuid.uuid4().hex}"
        self.nodes: list[Node] = []
        self.nginx: Nginx | None = None
        self.sql: psycopg.Connection | None = None
        try:
            if migrations:
                postgres.create(self.database)
                postgres.deploy(self.database, migrations)
            else:
                postgres.create(self.database, TEMPLATE)
            self.connect()
            self.add_surfaces()
            self.simulator = Simulator(self.processes, programs, self.folder.path, logs / "simulator.log")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Deployment":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.processes.stop()
        if self.sql:
            self.sql.close()
        self.postgres.drop(self.database)
        self.folder.remove()

    def add_surfaces(self) -> None:
        """All that the tests need: a node reads a new one only after seconds."""
        common = {"kind": "web", "anonymous": True, "pace_ms": 40, "session_limit": 100_000}
        self.insert("surface", **common, name="web")
        self.insert("surface", **common, name="shop", allowed_origins=["https://shop.example"])
        self.insert("surface", **{**common, "name": "slow", "pace_ms": 60_000})
        self.insert("surface", **{**common, "name": "staff", "anonymous": False})

    def connect(self) -> None:
        """Opens `sql`, the test's own connection as superuser; again after the server was restarted."""
        conninfo = self.postgres.conninfo(self.database, "postgres")
        self.sql = psycopg.connect(conninfo, autocommit=True, row_factory=dict_row, options="-c search_path=sluice")

    def add_node(
        self,
        *,
        start: bool = True,
        environment: dict[str, str] | None = None,
        programs: Path | None = None,
        **settings: str,
    ) -> Node:
        """A further node; `settings` go into its configuration file, `programs` are those of another release."""
        name = f"node-{len(self.nodes)}"
        node = Node(
            self.processes,
            programs or self.programs,
            self.folder.path,
            self.logs / f"{name}.log",
            self.postgres.conninfo(self.database),
            name=name,
            settings={"node_tag": str(len(self.nodes) + 1), "loops": "2", **settings},
            environment=environment,
        )
        self.nodes.append(node)
        if start:
            node.start()
        return node

    def add_nginx(self, addresses: list[str] | dict[int, str] | None = None, **options: str) -> Nginx:
        """An nginx in front of these addresses, or `by_tag(nodes)`; by default the first node's first.

        `options` are Nginx's own.
        """
        addresses = addresses or [self.nodes[0].addresses[0]]
        nginx = Nginx(
            self.processes, self.folder.path, self.logs / "nginx.log", addresses, self.nodes[0].operator, **options
        )
        nginx.start()
        self.nginx = self.nginx or nginx
        return nginx

    def throw_out(self, application: str = "sluice") -> None:
        """Ends the nodes' connections to the database whose application name begins so."""
        self.sql.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and usename = 'sluice_app' and application_name like %s",
            [f"{application}%"],
        )

    def client(self, nginx: Nginx | None = None) -> ChatClient:
        """A new anonymous visitor."""
        client = ChatClient((nginx or self.nginx).url)
        client.open_session()
        return client

    def insert(self, table: str, **columns) -> dict:
        """Inserts one row; returns it."""
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        marks = sql.SQL(", ").join(sql.Placeholder() * len(columns))
        statement = sql.SQL("insert into {} ({}) values ({}) returning *")
        query = statement.format(sql.Identifier("sluice", table), names, marks)
        return self.sql.execute(query, list(columns.values())).fetchone()

    def model(self, scenario: str = "rate=0", *, route: dict | None = None, **columns) -> Model:
        """A new virtual model for which the simulator plays `scenario`."""
        name = f"m-{uuid.uuid4().hex[:12]}"
        provider_model = f"{MODEL}{name};{scenario}" if scenario else f"{MODEL}{name}"
        row = self.insert("virtual_model", **{"name": name, "title": name, **columns})
        settings = {"driver": "openai", "provider_model": provider_model, "region": self.simulator.base_url}
        self.insert("model_route", model_id=row["id"], **{**settings, **(route or {})})
        return Model(name, provider_model)

    def text(self, model: Model) -> str:
        """The whole text of the model's answer."""
        return self.simulator.text(model.provider_model)

    def upstream(self, model: Model) -> list[dict]:
        """What the simulator noted about this model's requests."""
        return self.simulator.requests(model.provider_model)

    def turn(self, turn: str) -> dict:
        """The turn's row."""
        return self.sql.execute("select * from turn where id = %s", [turn]).fetchone()

    def events(self, turn: str) -> list[dict]:
        """The turn's committed events, of all epochs, in order."""
        rows = self.sql.execute(
            "select event from turn_event where turn_id = %s order by epoch, seq, ordinal", [turn]
        ).fetchall()
        return [row["event"] for row in rows]


def by_tag(nodes: list[Node]) -> dict[int, str]:
    """The nodes as an nginx takes them that asks each for its own turns first."""
    return {int(node.settings["node_tag"]): node.addresses[0] for node in nodes}

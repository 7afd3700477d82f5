"""As whom commands of operators come to the database, and how they find it."""

import re
from pathlib import Path

import psycopg
import pytest
from desk import CONFIGURATION, REFUSED, Desk

SQL = Path(__file__).resolve().parents[2] / "SQL"


@pytest.mark.parametrize("path", sorted(SQL.glob("admin_*.sql")), ids=lambda path: path.stem)
def test_the_role_of_operators_may_run_every_statement(furnished, path):
    text = path.read_text()
    count = max(map(int, re.findall(r"\$(\d+)", text)), default=0)
    values = f"({', '.join(['null'] * count)})" if count else ""
    with psycopg.connect(furnished.postgres.conninfo(furnished.database, "sluice_admin"), autocommit=True) as sql:
        sql.execute(f"prepare {path.stem} as {text}")
        try:
            sql.execute(f"explain execute {path.stem}{values}")
        except psycopg.errors.InsufficientPrivilege:
            assert path.stem == "admin_turn_content", "it reads content"
        else:
            assert path.stem != "admin_turn_content"


@pytest.mark.parametrize(
    "command",
    [
        "model add slow", "model set fast --no-stream", "model remove faster", "route set ROUTE --weight 2",
        "route remove ROUTE", "credential add a --reference env:A", "surface set web --pace-ms 1",
        "surface remove web", "key add web --label a", "key remove KEY",
        "issuer set ISSUER --once", "issuer remove ISSUER",
    ],
)
def test_the_program_may_look_but_not_write(furnished, command):
    words = furnished.words(command)
    assert furnished.json(words[0], "list", user="sluice_app")
    said = furnished.refused(*words, user="sluice_app")
    assert "the role sluice_app may not" in said
    assert "admin_database" in said and "a member of sluice_admin" in said


def test_who_may_not_even_look_is_told_so(furnished):
    assert "the role sluice_report may not" in furnished.refused("model", "list", user="sluice_report")


def test_a_member_of_the_role_has_its_rights(desk):
    name = f"anna_{desk.database}"
    desk.sql.execute(f"create role {name} login in role sluice_admin")
    try:
        desk.do("model", "add", "fast", user=name)
        assert [row["name"] for row in desk.json("model", "list", user=name)] == ["fast"]
    finally:
        desk.sql.execute(f"drop role {name}")


def test_the_database_comes_from_where_it_is_said(furnished, tmp_path):
    good = furnished.postgres.conninfo(furnished.database, "sluice_admin")
    bad = "host=/nonexistent dbname=absent"
    config = tmp_path / "sluice.conf"

    def listed(*words, **environment) -> bool:
        done = furnished.run("model", "list", *words, user="", **environment)
        assert done.returncode in (0, REFUSED), done.stderr
        return done.returncode == 0

    config.write_text(f"admin_database = {good}\ndatabase = {bad}\n")
    assert listed("--config", config)
    assert not listed("--config", config, SLUICE_ADMIN_DATABASE=bad)
    assert not listed("--config", config, "--set", f"admin_database={bad}")
    assert not listed("--config", config, "--database", bad)
    config.write_text(f"database = {good}\n")
    assert listed("--config", config)
    config.write_text(f"database = {bad}\n")
    assert listed("--config", config, "--database", good)
    libpq = {"PGHOST": str(furnished.postgres.socket), "PGDATABASE": furnished.database, "PGUSER": "sluice_admin"}
    assert listed(**libpq)
    # What the string leaves open comes from there too, as with every program of libpq.
    assert listed("--database", "connect_timeout=5", **libpq)


def test_without_a_database_there_is_nothing_to_do(furnished):
    said = furnished.refused("model", "list", code=CONFIGURATION, user="")
    assert "admin_database" in said and "--database" in said and "PGHOST" in said
    said = furnished.refused("model", "list", "--config", "/nonexistent/conf", code=CONFIGURATION)
    assert "/nonexistent/conf" in said
    assert "malformed" in furnished.refused("model", "list", "--database", "nonsense", code=CONFIGURATION)


def test_a_schema_that_is_not_there_is_told_with_what_to_do(deploy):
    desk = Desk(deploy())
    desk.sql.execute("drop schema sluice cascade")
    assert "sqitch deploy" in desk.refused("model", "list")

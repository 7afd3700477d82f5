"""`sluice check` on server, role, schema and rights: every finding is provoked, and mended by what it says."""

import pytest


def role_sets(bench, setting: str) -> None:
    """For this database alone: roles are the cluster's."""
    bench.sql.execute(f'alter role sluice_app in database "{bench.database}" set {setting}')


def pretend(bench, function: str) -> None:
    """Makes the program's sessions see another function in place of PostgreSQL's own."""
    bench.sql.execute("create schema if not exists pretended; grant usage on schema pretended to sluice_app")
    bench.sql.execute(f"create function pretended.{function}")
    role_sets(bench, "search_path = pretended, pg_catalog")


# MARK: the server


def test_a_database_that_is_not_there_leaves_the_rest_to_be_told(bench):
    bench.node.settings["database"] = bench.postgres.conninfo("absent")
    bench.node.settings["socket_mode"] = "666"
    bench.node.settings["operator_listen"] = ""
    report = bench.check()
    assert report.bad() == [("warn", "listen"), ("fail", "database")]


def test_a_password_is_not_repeated(bench):
    bench.node.settings["database"] = "postgres://sluice_app:hunter2@127.0.0.1:1/sluice"
    report = bench.check()
    assert ("fail", "database") in report.bad()
    assert "hunter2" not in report.text


def test_a_server_that_is_too_old(bench):
    pretend(
        bench,
        "current_setting(name text) returns text stable language sql return"
        " case name when 'server_version_num' then '140011' else pg_catalog.current_setting(name) end",
    )
    assert "too old" in bench.check().only("fail", "database")["text"]


def test_a_server_that_takes_no_writes(bench):
    role_sets(bench, "default_transaction_read_only = on")
    assert "takes no writes" in bench.check().only("fail", "database")["text"]


def test_a_connection_that_leaves_the_machine_needs_tls(bench):
    pretend(bench, "inet_server_addr() returns inet stable language sql return inet '10.0.0.1'")
    assert "sslmode=verify-full" in bench.check().only("warn", "tls")["mend"]


@pytest.mark.parametrize(
    ("setting", "level"),
    [
        ("statement_timeout = 0", "warn"),
        ("statement_timeout = '1min'", "warn"),
        ("lock_timeout = 0", "warn"),
        ("lock_timeout = '20s'", "warn"),
        ("idle_in_transaction_session_timeout = 0", "warn"),
        ("enable_seqscan = on", "warn"),
        ("jit = on", "warn"),
        ("synchronous_commit = off", "fail"),
    ],
)
def test_settings_of_the_role(bench, setting, level):
    role_sets(bench, setting)
    finding = bench.check().only(level, "settings")
    name = setting.split(" ")[0]
    assert name in finding["text"]
    # What it says is a statement that mends it.
    mend = finding["mend"].removesuffix(";").replace("alter role sluice_app set ", "")
    role_sets(bench, mend)
    assert bench.check().bad() == []


@pytest.mark.parametrize(
    ("seconds", "level"), [(0.5, None), (-0.5, None), (5, "warn"), (-5, "warn"), (90, "fail"), (-90, "fail")]
)
def test_clocks_that_differ(bench, seconds, level):
    pretend(
        bench,
        "clock_timestamp() returns timestamptz volatile language sql return"
        f" pg_catalog.clock_timestamp() + {seconds} * interval '1 second'",
    )
    report = bench.check()
    if level is None:
        assert report.bad() == []
    else:
        text = report.only(level, "clock")["text"]
        assert ("ahead of" in text) == (seconds > 0)


# MARK: schema and rights


def test_changes_that_are_missing_or_ask_for_a_newer_program(bench):
    bench.sql.execute("insert into schema_change (name) values ('from_tomorrow')")
    assert "from_tomorrow" in bench.check().of("schema")[0]["text"]
    bench.sql.execute("update schema_change set min_binary = '99.0.0' where name = 'from_tomorrow'")
    assert "99.0.0" in bench.check().only("fail", "schema")["text"]
    bench.sql.execute("delete from schema_change where name in ('from_tomorrow', 'turn')")
    finding = bench.check().only("fail", "schema")
    assert "turn" in finding["text"] and "sqitch deploy" in finding["mend"]


def test_no_schema_at_all(bench):
    bench.sql.execute("drop schema sluice cascade")
    report = bench.check()
    assert report.code == 1
    assert "not deployed" in report.of("schema")[0]["text"]
    assert "not there" in report.of("rights")[0]["text"]


RIGHTS = """
select 'sluice.' || relname as object, string_agg(privilege, ', ' order by ordinal) as privileges
from pg_class
cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) with ordinality as p (privilege, ordinal)
where relnamespace = 'sluice'::regnamespace
  and relkind in ('r', 'p')
  and has_table_privilege('sluice_app', pg_class.oid, privilege)
group by relname
union all select 'schema sluice', 'usage'
union all
select 'function ' || oid::regprocedure, 'execute'
from pg_proc
where pronamespace = 'sluice'::regnamespace
  and has_function_privilege('sluice_app', oid, 'execute')
"""


def test_all_rights_that_the_schema_grants_are_missed_and_can_be_granted_again(bench):
    granted = {row["object"]: row["privileges"] for row in bench.sql.execute(RIGHTS).fetchall()}
    bench.sql.execute("revoke all on all tables in schema sluice from sluice_app")
    bench.sql.execute("revoke all on all functions in schema sluice from sluice_app, public")
    bench.sql.execute("revoke usage on schema sluice from sluice_app")
    report = bench.check()
    mends = [finding["mend"] for finding in report.of("rights")]
    missed = {}
    for mend in mends:
        privileges, object = mend.removeprefix("grant ").removesuffix(" to sluice_app;").split(" on ")
        missed[object.replace("function sluice.", "function ")] = privileges
    # A right that a new change grants belongs into SQL/check_rights.sql as well.
    assert missed == granted
    for mend in mends:
        bench.sql.execute(mend)
    assert bench.check().bad() == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("grant select on message to sluice_report", "sluice_report may select on sluice.message"),
        ("grant select on turn_event to public", "everybody may select on sluice.turn_event"),
        ("grant delete on audit to sluice_admin", "sluice_admin may delete on sluice.audit"),
        ("grant update on usage_ledger to sluice_app", "sluice_app may update on sluice.usage_ledger"),
        ("alter table turn_delta_3 disable row level security", "sluice.turn_delta_3 shows its rows"),
    ],
)
def test_a_right_that_nobody_should_have(bench, fault, text):
    assert bench.check().of("exposure")[0]["level"] == "ok"
    bench.sql.execute(fault)
    finding = bench.check().only("warn", "exposure")
    assert text in finding["text"]
    bench.sql.execute(finding["mend"])
    assert bench.check().bad() == []

"""`sluice check`: every finding is provoked, told with its level, and mended by what it says."""

import grp
import json
import os
import resource
import shutil
import socket
import subprocess
import uuid

import pytest
from stack import wait_until

DAY = 86_400


class Report:
    """What one run of `sluice check --json` found."""

    def __init__(self, done: subprocess.CompletedProcess):
        self.code, self.text = done.returncode, done.stdout
        assert not done.stderr
        self.body = json.loads(done.stdout)
        assert list(self.body) == ["result", "findings"]
        for finding in self.body["findings"]:
            assert list(finding) == ["level", "subject", "text", "mend"]
            # Whatever is amiss is told with a way to mend it.
            assert (finding["level"] == "ok") == (finding["mend"] is None)

    def of(self, subject: str) -> list[dict]:
        return [finding for finding in self.body["findings"] if finding["subject"] == subject]

    def bad(self) -> list[tuple[str, str]]:
        return [(f["level"], f["subject"]) for f in self.body["findings"] if f["level"] != "ok"]

    def only(self, level: str, subject: str) -> dict:
        """The one finding that is not `ok`."""
        assert self.bad() == [(level, subject)], self.text
        assert self.code == (1 if level == "fail" else 0)
        return next(f for f in self.body["findings"] if f["level"] != "ok")


@pytest.fixture
def bench(deploy):
    """A deployment with a node that is not started: `check(…)` runs the program on its configuration."""
    deployment = deploy()
    # Few turns, so that descriptors suffice on any machine.
    node = deployment.add_node(start=False, turn_limit="100")

    def run(*arguments, descriptors: tuple[int, int] | None = None, **options) -> subprocess.CompletedProcess:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        limits = descriptors or (hard, hard)
        return subprocess.run(
            [deployment.programs / "sluice", "check", "--config", node.config, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
            **options,
        )

    def check(*arguments, **options) -> Report:
        node.write_config()
        return Report(run("--json", *arguments, **options))

    deployment.node, deployment.run, deployment.check = node, run, check
    node.write_config()
    return deployment


def role_sets(bench, setting: str) -> None:
    """For this database alone: roles are the cluster's."""
    bench.sql.execute(f'alter role sluice_app in database "{bench.database}" set {setting}')


def pretend(bench, function: str) -> None:
    """Makes the program's sessions see another function in place of PostgreSQL's own."""
    bench.sql.execute("create schema if not exists pretended; grant usage on schema pretended to sluice_app")
    bench.sql.execute(f"create function pretended.{function}")
    role_sets(bench, "search_path = pretended, pg_catalog")


# MARK: how it tells


def test_all_is_well_and_strict_agrees(bench):
    report = bench.check("--strict")
    assert report.bad() == [], report.text
    assert (report.code, report.body["result"]) == (0, "ok")
    subjects = {finding["subject"] for finding in report.body["findings"]}
    assert subjects == {
        *("configuration", "key_file", "descriptors", "listen", "operator_listen"),
        *("database", "tls", "settings", "clock", "schema", "rights", "ring", "surfaces", "credentials", "node_tag"),
    }


def test_a_warning_fails_only_if_strict(bench):
    bench.sql.execute("update surface set enabled = false")
    assert bench.check().only("warn", "surfaces")
    strict = bench.check("--strict")
    assert (strict.code, strict.body["result"]) == (1, "warn")


def test_people_read_columns_and_below_each_fault_how_to_mend_it(bench):
    bench.sql.execute("update surface set enabled = false")
    bench.sql.execute("revoke insert on message from sluice_app")
    done = bench.run()
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = lines.index("FAIL  rights           sluice_app lacks insert on sluice.message")
    assert lines[at + 1] == "      grant insert on sluice.message to sluice_app;"
    assert any(line.startswith("warn  surfaces         none") for line in lines)
    heads = [line for line in lines if not line.startswith("      ")]
    assert {line[:6] for line in heads} == {"ok    ", "warn  ", "FAIL  "}
    # All texts begin in one column.
    assert all(line[22] == " " and line[23] != " " for line in heads)


def test_a_configuration_that_cannot_be_used_ends_with_78(bench):
    bench.node.settings["loops"] = "0"
    report = bench.check()
    assert report.code == 78
    assert report.bad() == [("fail", "configuration")]
    assert "loops" in report.text


def test_a_file_without_nginx_is_a_mistake(bench):
    assert bench.run("nginx.conf").returncode == 64


# MARK: the machine


def test_too_few_descriptors(bench):
    assert "turn_limit" in bench.check(descriptors=(150, 150)).only("fail", "descriptors")["text"]
    assert "LimitNOFILE" in bench.check(descriptors=(256, 256)).only("warn", "descriptors")["mend"]


def test_the_soft_limit_of_descriptors_is_no_matter(bench):
    """`serve` raises it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert bench.check(descriptors=(256, hard)).bad() == []


def test_descriptors_are_counted_by_what_is_configured(bench):
    limit = (3_000, 3_000)
    assert "max_connections" in bench.check(descriptors=limit).only("warn", "descriptors")["mend"]
    bench.node.settings["max_connections"] = "500"
    assert bench.check(descriptors=limit).bad() == []
    bench.node.settings["max_connections"] = "3000"
    assert "3000 connections of nginx" in bench.check(descriptors=limit).only("warn", "descriptors")["text"]
    bench.node.settings.update(max_connections="500", turn_limit="5000")
    assert "4000 requests" in bench.check(descriptors=limit).only("fail", "descriptors")["text"]
    # Turns beyond it wait without a connection.
    bench.node.settings["upstream_limit"] = "1000"
    assert bench.check(descriptors=limit).bad() == []


def listens(bench, address: str, **settings) -> None:
    bench.node.settings.update({"listen": address, **settings})


def test_a_socket_needs_its_folder(bench):
    listens(bench, f"unix:{bench.folder.path}/absent/sluice.sock")
    finding = bench.check().only("fail", "listen")
    assert finding["mend"].startswith("install -d") and "/absent" in finding["mend"]


def test_a_folder_that_only_its_owner_may_pass(bench):
    (bench.folder.path / "closed").mkdir(mode=0o700)
    (bench.folder.path / "closed" / "open").mkdir(mode=0o755)
    listens(bench, f"unix:{bench.folder.path}/closed/open/sluice.sock")
    assert "/closed" in bench.check().only("fail", "listen")["mend"]


def checked_by_anybody(bench) -> Report:
    """What somebody sees who may not do all that root may."""
    if os.geteuid() != 0:
        return bench.check()
    bench.node.write_config()
    for name in ("token.keys", bench.node.config.name):
        shutil.chown(bench.folder.path / name, "nobody")
    program = shutil.copy(bench.programs / "sluice", bench.folder.path / "sluice")
    os.chmod(program, 0o755)
    command = [program, "check", "--json", "--config", bench.node.config]
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    return Report(subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/", **nobody))


def test_a_folder_that_the_program_may_not_write_to(bench):
    home = bench.folder.path / "readable"
    home.mkdir(mode=0o755)
    listens(bench, f"unix:{home}/sluice.sock")
    if os.geteuid() != 0:
        home.chmod(0o555)
    report = checked_by_anybody(bench)
    # The operator's socket lies in a folder of root's, too.
    assert ("fail", "listen") in report.bad()
    assert "cannot be written to" in report.of("listen")[0]["text"]


def test_a_file_where_the_socket_should_be(bench):
    (bench.folder.path / "file").touch()
    listens(bench, f"unix:{bench.folder.path}/file")
    assert "no socket" in bench.check().only("fail", "listen")["text"]


@pytest.mark.parametrize(("mode", "level"), [("600", "fail"), ("666", "warn"), ("640", "fail")])
def test_who_may_connect_to_a_socket(bench, mode, level):
    listens(bench, bench.node.settings["listen"], socket_mode=mode, operator_listen="")
    assert "660" in bench.check().only(level, "listen")["mend"]


@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_group_that_is_not_there(bench, command):
    bench.node.settings["socket_group"] = "no-such-group"
    bench.node.write_config()
    done = subprocess.run(
        [bench.programs / "sluice", command, "--config", bench.node.config], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 78
    assert "socket_group" in done.stdout + done.stderr and "no-such-group" in done.stdout + done.stderr


def test_a_group_that_the_program_may_give_its_socket_to(bench):
    bench.node.settings["socket_group"] = grp.getgrgid(os.getegid()).gr_name
    assert bench.check().bad() == []
    bench.node.settings["socket_group"] = str(os.getegid())
    assert bench.check().bad() == []


def test_a_group_that_the_program_is_not_in(bench):
    home = bench.folder.path / "anybody"
    home.mkdir()
    home.chmod(0o777)
    listens(bench, f"unix:{home}/sluice.sock", socket_group="daemon", operator_listen="")
    # The database may be closed to them as well.
    report = checked_by_anybody(bench)
    assert ("fail", "listen") in report.bad()
    finding = report.of("listen")[0]
    assert "is not in the group daemon" in finding["text"] and "usermod -a -G daemon" in finding["mend"]


@pytest.mark.parametrize("subject", ["listen", "operator_listen"])
def test_a_port_for_other_machines(bench, subject):
    bench.node.settings[subject] = "0.0.0.0:29000"
    assert "other machines" in bench.check().only("warn", subject)["text"]
    bench.node.settings[subject] = "127.0.0.1:29000, [::1]:29000"
    assert bench.check().bad() == []


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
union all select 'function turn_delta_recycle()', 'execute'
union all select 'function uuid_time(uuid)', 'execute'
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


# MARK: the ring


def add_chunk(bench, days_ago: int, slot: int | None = None, *, live: bool = False) -> None:
    """A chunk of a turn of that day, in its own leaf unless another is named."""
    now = bench.sql.execute("select extract(epoch from now())::bigint as now").fetchone()["now"]
    time = now - days_ago * DAY
    turn = uuid.UUID(int=(time * 1000) << 80 | 0x7 << 76 | 0x8 << 60 | uuid.uuid4().int & (1 << 60) - 1)
    chunk = "insert into turn_delta (turn_id, epoch, seq, slot, events) values (%s, 1, 1, %s, '{}')"
    bench.sql.execute(chunk, [turn, time // DAY % 8 if slot is None else slot])
    if live:
        bench.insert(
            "turn",
            **{key: uuid.uuid4() for key in ("conversation_id", "identity_id", "surface_id", "owner")},
            **{key: uuid.uuid4() for key in ("user_message_id", "message_id")},
            id=turn,
            model_name="m",
            durability="commit",
            on_interrupt="keep",
        )


def today(bench) -> int:
    return bench.sql.execute("select extract(epoch from now())::bigint / 86400 as day").fetchone()["day"]


def test_a_ring_in_use(bench):
    for days_ago in range(6):
        add_chunk(bench, days_ago)
    # Recyclable: a node will empty it within the hour.
    add_chunk(bench, 6)
    assert "7 in use" in bench.check().of("ring")[0]["text"]
    assert bench.check().bad() == []


def test_the_leaf_two_days_ahead_holds_a_live_turn(bench):
    add_chunk(bench, 6, live=True)
    assert "live turn" in bench.check().only("warn", "ring")["text"]


@pytest.mark.parametrize("days_ago", [7, 8, 14])
def test_a_leaf_that_nobody_emptied(bench, days_ago):
    add_chunk(bench, days_ago)
    add_chunk(bench, days_ago - 8 if days_ago >= 8 else 0)
    assert f"of {days_ago} days ago" in bench.check().only("warn", "ring")["text"]


def test_a_row_in_the_wrong_leaf(bench):
    add_chunk(bench, 0)
    add_chunk(bench, 1, slot=today(bench) % 8)
    assert "another day" in bench.check().only("fail", "ring")["text"]


def test_a_row_whose_turn_is_none_of_ours(bench):
    bench.sql.execute(
        "insert into turn_delta (turn_id, epoch, seq, slot, events) values (gen_random_uuid(), 1, 1, 3, '{}')"
    )
    assert "turn_delta_3" in bench.check().only("fail", "ring")["text"]


def test_a_turn_of_the_future(bench):
    add_chunk(bench, -3)
    assert "ahead" in bench.check().only("fail", "ring")["text"]


def test_a_leaf_that_was_detached(bench):
    bench.sql.execute("alter table turn_delta detach partition turn_delta_5")
    report = bench.check()
    assert report.bad() == [("fail", "ring"), ("fail", "ring")]
    count, leaf = report.of("ring")
    assert "7 leaves" in count["text"]
    bench.sql.execute(leaf["mend"])
    assert bench.check().bad() == []


# MARK: credentials and nodes


def credential(bench, reference: str, **columns) -> None:
    name = f"c-{uuid.uuid4().hex[:8]}"
    row = bench.insert("credential", name=name, reference=reference)
    bench.model(route={"credential_id": row["id"], **columns})


def test_credentials_are_looked_for_on_this_machine(bench):
    secret = bench.folder.path / "provider.key"
    credential(bench, f"file:{secret}")
    finding = bench.check().only("fail", "credentials")
    assert str(secret) in finding["mend"]
    secret.write_text("very-secret\n")
    report = bench.check()
    assert report.bad() == []
    assert "very-secret" not in report.text
    credential(bench, "env:SLUICE_TEST_PROVIDER_KEY")
    assert "SLUICE_TEST_PROVIDER_KEY" in bench.check().only("warn", "credentials")["text"]
    report = bench.check(env={**os.environ, "SLUICE_TEST_PROVIDER_KEY": "also-secret"})
    assert report.bad() == []
    assert "also-secret" not in report.text


def test_files_for_tls_are_judged_by_whether_they_can_be_read(bench):
    files = {
        column: bench.folder.path / f"{column}.pem" for column in ("client_certificate", "client_key", "ca_bundle")
    }
    row = bench.insert("credential", name="mutual", **{column: f"file:{path}" for column, path in files.items()})
    bench.model(route={"credential_id": row["id"]})
    report = bench.check()
    assert report.bad() == [("fail", "credentials")] * 3
    for finding, (column, path) in zip(report.of("credentials"), sorted(files.items()), strict=True):
        assert f"mutual: {column} {path} cannot be read: No such file" in finding["text"]
        assert "PEM" in finding["mend"] and "write the key into" not in finding["mend"]
    # What stands in them is no secret to be sent, and may be of any form.
    files["ca_bundle"].write_bytes(b"\xff\n")
    files["client_certificate"].write_text("")
    assert "client_key" in bench.check().only("fail", "credentials")["text"]
    files["client_key"].write_text("-")
    assert bench.check().bad() == []


def test_credentials_of_disabled_routes_are_not_missed(bench):
    credential(bench, "file:/nonexistent/key", enabled=False)
    assert bench.check().bad() == []


def test_another_live_node_with_the_same_tag(bench):
    tag, own_host = 77, socket.gethostname()
    bench.node.settings["node_tag"] = str(tag)

    def add(host: str, lease: str) -> None:
        bench.sql.execute(
            "insert into node (incarnation, tag, host, version, lease_until)"
            f" values (gen_random_uuid(), %s, %s, '0', clock_timestamp() + interval '{lease}')",
            [tag, host],
        )

    add("gone.example", "-1 second")
    assert bench.check().bad() == []
    add(own_host, "1 hour")
    assert "runs here" in bench.check().of("node_tag")[0]["text"]
    add(own_host, "1 hour")
    assert "2 live nodes" in bench.check().only("warn", "node_tag")["text"]
    add("other.example", "1 hour")
    assert "other.example" in bench.check().only("warn", "node_tag")["text"]


def test_a_running_node_does_not_disturb_its_own_check(bench):
    bench.node.start()
    wait_until(lambda: "runs here" in bench.check().of("node_tag")[0]["text"], "the node to be seen")
    assert bench.check().bad() == []

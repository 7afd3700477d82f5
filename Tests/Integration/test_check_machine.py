"""`sluice check` on this machine: every finding is provoked, told with its level, and mended by what it says."""

import grp
import os
import resource
import shutil
import subprocess

import pytest
from checkup import Report


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

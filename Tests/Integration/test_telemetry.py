"""/metrics itself, and what is not about turns or requests: every number there is follows what happens, and no other."""

import importlib
import os
import re
import resource
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests
from scrape import ACTIVITY, Scrape, moves, settled, until
from stack import wait_until

SOURCES = Path(__file__).resolve().parents[2] / "Sources"
README = (Path(__file__).resolve().parents[2] / "README.md").read_text()

# They say what the process is, not what it does.
CONSTANT = {"sluice_build_info", "process_start_time_seconds"}



def test_the_page_is_in_prometheus_format(deployment):
    response = requests.get(f"{deployment.nginx.operator_url}/metrics", timeout=10)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    scrape = Scrape(response.text)
    assert response.text.endswith("\n")
    seen = None
    for line in response.text.splitlines():
        if line.startswith("# HELP "):
            seen = line.split()[2]
            assert len(line.split()) > 4, line
        elif line.startswith("# TYPE "):
            assert line.split()[2] == seen, line
        else:
            assert line.startswith(seen), line
    for name, kind in scrape.types.items():
        assert re.fullmatch(r"(sluice|process)(_[a-z]+)+", name), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert kind in {"counter", "gauge", "histogram"}
        assert scrape.help[name].endswith("."), name
    for key in scrape.values:
        assert all(re.fullmatch(r"[a-z0-9_.+]+|\+Inf|[0-9.e-]+", v) for v in re.findall(r'="([^"]*)"', key)), key


def test_histograms_are_cumulative_and_each_bound_is_twice_the_former(deployment):
    deployment.client().start(model=deployment.model("rate=0;tokens=50").name).read()
    scrape = settled(deployment.nodes[0])
    for name in (name for name, kind in scrape.types.items() if kind == "histogram"):
        series: dict[str, list[tuple[str, float]]] = {}
        for key, value in scrape.family(name).items():
            if found := re.fullmatch(rf'{name}_bucket{{le="([^"]+)"(,.*)?}}', key):
                series.setdefault(found[2] or "", []).append((found[1], value))
        assert series
        for labels, buckets in series.items():
            bounds = [float(bound) for bound, _ in buckets]
            counts = [count for _, count in buckets]
            assert bounds[-1] == float("inf") and counts == sorted(counts)
            assert all(b == pytest.approx(2 * a) for a, b in zip(bounds[:-2], bounds[1:-1], strict=True))
            suffix = f"{{{labels[1:]}}}" if labels else ""
            assert counts[-1] == scrape[f"{name}_count{suffix}"]


def test_every_metric_and_label_of_the_readme_is_there(node):
    chapter = README[README.index("## Watching a node") :]
    chapter = chapter[: chapter.index("\n## ")]
    scrape = Scrape.of(node)
    named = set(re.findall(r"\b(?:sluice|process)_[a-z_]+", chapter))
    assert len(named) > 10
    # What each means is told by the page itself.
    assert named <= set(scrape.types) == set(scrape.help)
    for name, label in re.findall(r"`([a-z_]+)` by `([a-z]+)`", chapter):
        assert f'{name}{{{label}="' in " ".join(scrape.family(name)), name
    for series in re.findall(r"`([a-z_]+\{[^}]+\})", chapter):
        assert series in scrape.values


def test_the_error_codes_of_the_readme_have_their_series(node):
    errors = README[README.index("## When things fail") :]
    requests_table, turns_table = errors.split("Errors of a turn come")[:2]
    turns_table = turns_table[: turns_table.index("\n## ")]
    scrape = Scrape.of(node)

    def codes(table: str) -> set[str]:
        rows = re.findall(r"^\| (.*?) \| (.*?) \|", table, re.M)
        return {code for row in rows for cell in row for code in re.findall(r"`([a-z_]+_?[a-z_]*)`", cell)}

    refused = {key.split('"')[1] for key in scrape.family("sluice_refusals_total")}
    rows = re.findall(r"^\| [45]\d\d.*? \| (.*?) \|", requests_table, re.M)
    # What stands in parentheses is no code.
    listed = {code for row in rows for code in re.findall(r"`([a-z_]+)`", re.sub(r"\([^)]*\)", "", row))}
    assert len(listed) > 20
    assert listed <= refused
    assert len(codes(turns_table)) > 10
    assert codes(turns_table) <= {key.split('"')[1] for key in scrape.family("sluice_turn_errors_total")}


def test_every_code_that_is_refused_with_is_listed(node):
    cases = re.findall(r'^ +case (\w+)(?: = "(\w+)")?$', (SOURCES / "Service/Routes/RefusalCode.swift").read_text(), re.M)
    codes = {code or name for name, code in cases}
    assert len(codes) > 20
    assert codes <= {key.split('"')[1] for key in Scrape.of(node).family("sluice_refusals_total")}


def test_every_metric_is_moved_by_a_test(node):
    modules = [importlib.import_module(path.stem) for path in Path(__file__).parent.glob("test_telemetry*.py")]
    tests = [test for module in modules for name, test in vars(module).items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", []) if mark.name == "moves"]
    assert {name for mark in marks for name in mark.args} == set(Scrape.of(node).types) - CONSTANT


def test_the_operator_pages_are_not_on_the_chat_door(deployment):
    for path in ("/metrics", "/status", "/chat/metrics", "/chat/status"):
        assert requests.get(f"{deployment.nginx.url}{path}", timeout=10).status_code == 404
    response = requests.post(f"{deployment.nginx.operator_url}/metrics", timeout=10)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET")


def test_the_process_is_described_as_the_kernel_knows_it(deployment, node, programs):
    pid = node.process.pid
    scrape = Scrape.of(node)
    version = os.popen(f"'{programs}/sluice' --version").read().strip()
    assert scrape.family("sluice_build_info") == {f'sluice_build_info{{version="{version}"}}': 1}
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    resident = int(status["VmRSS"].split()[0]) * 1024
    assert abs(scrape["process_resident_memory_bytes"] - resident) < 64 << 20
    assert scrape["process_max_fds"] == resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    assert abs(scrape["process_cpu_seconds_total"] - (int(fields[11]) + int(fields[12])) / ticks) < 1
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    assert scrape["process_start_time_seconds"] == pytest.approx(booted + int(fields[19]) / ticks, abs=0.1)


def test_the_start_is_known_where_nothing_but_processes_is_shown(deploy):
    """As under ProcSubset=pid of systemd."""
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t proc -o subset=pid proc /proc && exec "$@"', "sh"]
    if subprocess.run([*hide, "true"], capture_output=True).returncode:
        pytest.skip("nobody may mount here")
    deployment = deploy()
    node = deployment.add_node(start=False)
    node.write_config()
    began = time.time()
    command = [*hide, node.programs / "sluice", "serve", "--config", node.config]
    node.process = node.processes.start(node.name, command, node.log)
    wait_until(node.is_ready, "the node to be ready", 30, node.log)
    assert not Path("/proc", str(node.process.pid), "root", "proc", "stat").exists()
    assert began - 1 < Scrape.of(node)["process_start_time_seconds"] < time.time() + 1


@moves(
    "sluice_loop_lag_seconds",
    "sluice_loop_lag_max_seconds",
    "sluice_loop_busy_ratio",
    "sluice_loop_busy_seconds_total",
    "sluice_load",
    "process_resident_memory_bytes",
)
def test_a_node_that_stood_still_has_lagged(deployment, node):
    model = deployment.model("rate=0;tokens=20000").name
    before = Scrape.of(node)
    deployment.client().start(model=model).read()
    busy = until(node, lambda now: now["sluice_load"] > 0, "the load to be measured")
    worked = 'sluice_loop_busy_seconds_total{loop="0"}'
    assert busy[worked] > before[worked]
    node.pause()
    time.sleep(2)
    node.resume()
    loops = [f'sluice_loop_lag_max_seconds{{loop="{loop}"}}' for loop in (0, 1)]
    # Its timer was due within a second.
    lagged = until(node, lambda now: all(now[loop] >= 0.9 for loop in loops), "the lag to be seen")
    for loop in (0, 1):
        assert 0 <= lagged[f'sluice_loop_busy_ratio{{loop="{loop}"}}'] <= 1
    until(node, lambda now: all(now[f'sluice_loop_lag_seconds{{loop="{i}"}}'] < 0.5 for i in (0, 1)), "it to pass")
    assert all(Scrape.of(node)[loop] >= 0.9 for loop in loops)


@moves("sluice_draining", "sluice_turns_ended_total")
def test_a_drain_is_seen(deployment, node):
    before = Scrape.of(node)
    client = deployment.client()
    turn = client.start(model=deployment.model("rate=20;tokens=5000").name).read_some(1)
    node.drain()
    draining = until(node, lambda now: now["sluice_draining"] == 1, "the drain")
    assert draining["sluice_turns_live"] == 1
    refused = client.post_start({"message": "Hi"})
    assert refused.json()["error"]["code"] == "draining"
    # After the drain time-out of 5 s.
    changes = until(node, lambda now: now["sluice_turns_live"] == 0, "the turn to be interrupted").since(before)
    assert changes['sluice_turns_ended_total{state="interrupted"}'] == 1
    assert changes['sluice_refusals_total{code="draining"}'] == 1
    assert turn.read().state == "interrupted"


def test_when_all_is_over_every_gauge_is_zero(deployment, node):
    models = [deployment.model(scenario).name for scenario in ("rate=100;tokens=50", "fault=reset;after=8", "rate=0")]

    def visit(index: int) -> None:
        client = deployment.client()
        turn = client.start(model=models[index % 3])
        if index % 4 == 0:
            turn.cancel()
        if index % 5:
            turn.read()

    threads = [threading.Thread(target=visit, args=[index]) for index in range(30)]
    for thread in threads:
        thread.start()
    seen = until(node, lambda now: now["sluice_turns_live"] > 0, "turns to run")
    assert not seen.is_at_rest
    for thread in threads:
        thread.join()
    deployment.nginx.stop()
    after = until(node, lambda now: now.is_at_rest and now["sluice_connections"] == 0, "all to be over", 30)
    assert {name: after.sum(name) for name in ACTIVITY} == dict.fromkeys(ACTIVITY, 0)
    assert after.sum("sluice_turns_ended_total") == after['sluice_starts_total{outcome="started"}'] == 30

"""`sluice check` on a configuration of the test's own, and what it found."""

import json
import resource
import subprocess

import pytest


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

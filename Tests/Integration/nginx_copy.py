"""A site's nginx configuration to edit, and what `sluice check --nginx` says of it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

LOCATIONS, UPSTREAM, OPERATOR, MAIN = "sluice.conf", "sluice-upstream.conf", "sluice-operator.conf", "nginx.conf"
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


@pytest.fixture
def copy(site, tmp_path):
    """A copy of the site's configuration to edit; nginx is asked to print it, not to run it.

    What is checked are the locations of /chat; those of /v1 stay out of the way.
    """
    home = tmp_path / "nginx"
    shutil.copytree(site.nginx.home, home)
    (home / "sluice-openai.conf").unlink()
    for file in home.glob("*.conf"):
        file.write_text(file.read_text().replace(str(site.nginx.home), str(home)))
    return home


def edit(home: Path, file: str, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, lambda _: replacement, (home / file).read_text(), flags=re.M)
    assert count, f"{file} has no {pattern}"
    (home / file).write_text(text)


def nginx(home: Path) -> list:
    return ["nginx", "-T", "-q", "-p", home, "-c", home / MAIN, "-e", home / "error.log"]


def dump(home: Path) -> str:
    done = subprocess.run(nginx(home), capture_output=True, text=True, timeout=60, env={**os.environ, "PATH": PATH})
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(site, text: str | None, *arguments, settings: dict[str, str] | None = None, **options):
    extra = [word for key, value in (settings or {}).items() for word in ("--set", f"{key}={value}")]
    done = subprocess.run(
        [site.programs / "sluice", "check", "--config", site.nodes[0].config, "--json", *extra, "--nginx", *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )
    found = [finding for finding in json.loads(done.stdout)["findings"] if finding["subject"] == "nginx"]
    return done.returncode, [finding for finding in found if finding["level"] != "ok"], found

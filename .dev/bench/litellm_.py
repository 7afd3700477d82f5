"""LiteLLM's proxy, the usual relay for OpenAI's format, in an environment of its own below .build/."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from stack import Failure, Process, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
WANTED = Path(__file__).with_name("references") / "litellm.txt"


class LiteLLM:
    """A proxy with one worker, as it is by default, for these models: name → what the simulator is asked for.

    It has no database: it keeps nothing. It reaches for nothing but the simulator.
    """

    def __init__(self, site, models: dict[str, str]):
        self.site, self.log = site, site.logs / "litellm.log"
        self.port = free_port()
        config = site.folder.path / "litellm.json"
        routes = [
            {
                "model_name": name,
                "litellm_params": {"model": f"openai/{model}", "api_base": site.simulator.base_url, "api_key": "bench"},
            }
            for name, model in models.items()
        ]
        # JSON is YAML.
        config.write_text(json.dumps({"model_list": routes, "litellm_settings": {"telemetry": False, "num_retries": 0}}))
        program = environment() / "bin/litellm"
        words = ["--config", config, "--host", "127.0.0.1", "--port", str(self.port), "--telemetry", "False"]
        self.process: Process = site.processes.start(
            "LiteLLM",
            ["env", "-i", f"PATH={os.defpath}", f"HOME={site.folder.path}", "LITELLM_LOCAL_MODEL_COST_MAP=True"]
            + ["LITELLM_LOG=ERROR", "LITELLM_MODE=PRODUCTION", "PYTHONDONTWRITEBYTECODE=1", program, *words],
            self.log,
        )
        wait_until(self.answers, "LiteLLM to answer", 180, self.log)

    def answers(self) -> bool:
        self.process.must_run()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/liveliness", timeout=2):
                return True
        except OSError:
            return False

    def close(self) -> None:
        self.process.stop()
        self.site.processes.forget(self.process)


def environment() -> Path:
    """Its virtual environment, made the first time and when another version is wanted."""
    folder = ROOT / ".build/litellm"
    made = folder / "made-of.txt"
    if made.exists() and made.read_text() == WANTED.read_text():
        return folder
    print("  installing LiteLLM below .build/ …", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    commands = (
        [sys.executable, "-m", "venv", folder],
        [folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "-r", WANTED],
    )
    for command in commands:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"LiteLLM cannot be installed: {(done.stderr or done.stdout).strip()[-600:]}")
    made.write_text(WANTED.read_text())
    return folder

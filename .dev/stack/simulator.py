"""The simulated model provider."""

import json
import urllib.parse
import urllib.request
from pathlib import Path

from .failure import wait_until
from .processes import Process, Processes


class Simulator:
    """A running `sluice-sim` on a free port; the model's name scripts the answer (see `sluice-sim --help`)."""

    def __init__(self, processes: Processes, programs: Path, folder: Path, log: Path, *options: str):
        self.log = log
        self.port_file = folder / "simulator.port"
        self.process: Process = processes.start(
            "the simulator",
            [programs / "sluice-sim", "--listen", "127.0.0.1:0", "--port-file", self.port_file, *options],
            log,
        )
        self.port: int = wait_until(self.read_port, "the simulator to listen", 15, log)

    def read_port(self) -> int:
        self.process.must_run()
        text = self.port_file.read_text().strip() if self.port_file.exists() else ""
        return int(text) if text else 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client calls its base URL."""
        return f"{self.url}/v1"

    def requests(self, model: str) -> list[dict]:
        """What the simulator noted about the requests for this model, oldest first."""
        return json.loads(self.get(f"/sim/requests?model={urllib.parse.quote(model, safe='')}"))

    def text(self, model: str) -> str:
        """The whole text a complete run of this model sends."""
        return self.get(f"/sim/text?model={urllib.parse.quote(model, safe='')}")

    def open_streams(self) -> int:
        return json.loads(self.get("/sim/streams"))["open"]

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return response.read().decode()

"""The simulated model provider."""

import json
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .failure import wait_until
from .processes import Process, Processes


@dataclass(frozen=True)
class Certificate:
    """What a TLS port of the simulator shows: PEM files, made by the caller."""

    certificate: Path
    key: Path
    # The authority that client certificates must be signed by; None asks for none.
    client_ca: Path | None = None

    @property
    def options(self) -> list[str | Path]:
        files = ["--tls-certificate", self.certificate, "--tls-key", self.key]
        return ["--tls-listen", "127.0.0.1:0", *files, "--tls-client-ca", self.client_ca or "none"]


class Simulator:
    """A running `sluice-sim` on free ports; the model's name scripts the answer (see `sluice-sim --help`).

    It listens in the clear on `port`, and for each of `certificates` by TLS on the one of `tls_ports` with its index.
    """

    def __init__(
        self,
        processes: Processes,
        programs: Path,
        folder: Path,
        log: Path,
        *options: str,
        certificates: Sequence[Certificate] = (),
    ):
        self.log = log
        self.port_file = folder / "simulator.port"
        tls = [option for certificate in certificates for option in certificate.options]
        self.process: Process = processes.start(
            "the simulator",
            [programs / "sluice-sim", "--listen", "127.0.0.1:0", "--port-file", self.port_file, *tls, *options],
            log,
        )
        self.port, *self.tls_ports = wait_until(self.read_ports, "the simulator to listen", 15, log)

    def read_ports(self) -> list[int]:
        self.process.must_run()
        return [int(line) for line in self.port_file.read_text().split()] if self.port_file.exists() else []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        """What an OpenAI client calls its base URL."""
        return f"{self.url}/v1"

    def tls_base_url(self, index: int, host: str = "127.0.0.1") -> str:
        """The base URL of the TLS port with this index, under the name `host`."""
        return f"https://{host}:{self.tls_ports[index]}/v1"

    def requests(self, model: str) -> list[dict]:
        """What the simulator noted about the requests for this model, oldest first."""
        return json.loads(self.get(f"/sim/requests?model={urllib.parse.quote(model, safe='')}"))

    def forget(self) -> None:
        """The simulator forgets all requests it noted."""
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/sim/requests", method="DELETE"), timeout=10):
            pass

    def text(self, model: str) -> str:
        """The whole text a complete run of this model sends."""
        return self.get(f"/sim/text?model={urllib.parse.quote(model, safe='')}")

    def open_streams(self, model: str | None = None) -> int:
        """How many answers are under way, in all or for this model."""
        return self.streams(model)["open"]

    def most_streams(self, model: str | None = None) -> int:
        """The most answers that were under way at once since the start, in all or for this model."""
        return self.streams(model)["max"]

    def streams(self, model: str | None = None) -> dict[str, int]:
        query = f"?model={urllib.parse.quote(model, safe='')}" if model else ""
        return json.loads(self.get(f"/sim/streams{query}"))

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return response.read().decode()

"""Words that must never leave Sluice: every reply of every test is looked through for them, and every log at the end.

The raw model of each route begins with `MODEL`, each provider's key with `KEY`; the simulator repeats the raw model in
all it says.
"""

from pathlib import Path

MODEL = "canary-model-"
KEY = "canary-key-"
# AWS's own examples: they must have AWS's form.
AWS_KEY = "AKIAIOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

SECRETS = [KEY, AWS_KEY, AWS_SECRET]


def sing(*texts: str) -> list[str]:
    """Those that are in what a client got."""
    return [canary for canary in [MODEL, *SECRETS] if any(canary in text for text in texts)]


def sing_in(logs: Path) -> list[str]:
    """Logs of nodes and nginx in which a secret stands, or which show clients' errors with a raw model."""
    found = []
    for path in sorted(logs.rglob("*.log")):
        if path.name.startswith(("node-", "nginx")):
            text = path.read_text(errors="replace")
            found += [f"{path.parent.name}/{path.name}: {canary}" for canary in SECRETS if canary in text]
    return found

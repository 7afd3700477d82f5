"""The temporary folder that holds everything one stack writes, logs aside."""

import grp
import os
import shutil
import tempfile
from pathlib import Path

# A unix socket's path may have 107 bytes; the longest name below the folder has fewer than 40.
LONGEST_BASE = 60
# Whom nginx's workers belong to when nginx is started by root.
WORKERS = "www-data"


class Folder:
    """A fresh folder with a short, plain path.

    As root, nginx's workers are another user: others may then pass through the folder, not list it, and what is made in
    it belongs to the workers' group, so that they reach the nodes' sockets as on a real site.
    """

    def __init__(self):
        base = tempfile.gettempdir()
        plain = len(os.fsencode(base)) <= LONGEST_BASE and " " not in base
        if not plain or (os.geteuid() == 0 and not passable(base)):
            base = "/tmp"
        self.path = Path(tempfile.mkdtemp(prefix="sluice-", dir=base))
        if os.geteuid() == 0:
            shutil.chown(self.path, group=grp.getgrnam(WORKERS).gr_gid)
            self.path.chmod(0o2711)

    def remove(self) -> None:
        """Removes it with all it holds; harmless when it is gone."""
        shutil.rmtree(self.path, ignore_errors=True)


def passable(folder: str) -> bool:
    """Whether an unprivileged user reaches what lies in `folder`."""
    path = Path(folder).resolve()
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents])

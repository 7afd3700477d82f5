"""A private Sluice: PostgreSQL, nginx, the simulator and nodes, for `make run` and the integration tests.

Everything runs on loopback and unix sockets, in one temporary folder, and ends with the process that started it.
Only Python's standard library and the programs of Debian's packages are used.
"""

from .failure import Failure, wait_until
from .folder import Folder
from .former import FormerRelease, NoHistory
from .nginx import Nginx
from .node import Node
from .ports import free_port
from .postgres import Postgres
from .private_postgres import PrivatePostgres
from .processes import Process, Processes
from .simulator import Certificate, Simulator

__all__ = [
    "Certificate",
    "Failure",
    "Folder",
    "FormerRelease",
    "Nginx",
    "NoHistory",
    "Node",
    "Postgres",
    "PrivatePostgres",
    "Process",
    "Processes",
    "Simulator",
    "free_port",
    "wait_until",
]

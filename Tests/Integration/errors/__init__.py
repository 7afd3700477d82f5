"""Every wrong request that a client can make of the chat routes, and what it is told."""

from .bodies import bodies, members, sessions, starts
from .credentials import credentials
from .ids import ids
from .paths import encodings, paths, polls
from .row import Row, request
from .world import DOORS, FOREIGN_PAGE, PAGE, World, add_node

__all__ = ["DOORS", "FOREIGN_PAGE", "PAGE", "Row", "World", "add_node", "request", "rows"]


def rows() -> list[Row]:
    return [*bodies(), *members(), *starts(), *sessions(), *polls(), *credentials(), *ids(), *encodings(), *paths()]

"""Every wrong request that a client can make of the chat routes, and what it is told."""

from .bodies import bodies, images, members, sessions, starts
from .conversations import ROUTES, branches, conversations
from .credentials import credentials
from .ids import ids
from .paths import encodings, paths, polls
from .row import Row, request
from .world import DOORS, FOREIGN_PAGE, PAGE, World, add_node

__all__ = ["DOORS", "FOREIGN_PAGE", "PAGE", "ROUTES", "Row", "World", "add_node", "request", "rows"]


def rows() -> list[Row]:
    contents = [*bodies(), *members(), *images(), *starts(), *sessions(), *branches()]
    return [*contents, *polls(), *conversations(), *credentials(), *ids(), *encodings(), *paths()]

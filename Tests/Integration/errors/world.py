"""A deployment in which everything stands ready that a request can be wrong about."""

import time
import uuid

from chat_client import ChatClient, Turn
from deployment import Deployment
from signed_token import SESSION, signed
from stack import Node

# The page of another origin that the surfaces allow, and one that none does.
PAGE = "https://shop.example"
FOREIGN_PAGE = "https://evil.example"
# By which protocols nginx passes requests on.
DOORS = ["fastcgi", "scgi"]
# Room for headers that nginx takes and Sluice does not.
WIDE_HEADERS = "large_client_header_buffers 8 64k;"


class World:
    """`visitor` has a turn that has `ended`, and one that is `live`; so has `stranger`."""

    def __init__(self, deployment: Deployment, door: str):
        self.deployment, self.door = deployment, door
        common = {"kind": "web", "anonymous": True, "pace_ms": 40, "session_limit": 100_000, "allowed_origins": [PAGE]}
        deployment.insert("surface", **common, name="open")
        deployment.insert("surface", **{**common, "name": "patient", "pace_ms": 60_000})
        deployment.insert("surface", **{**common, "name": "full", "session_limit": 0})
        deployment.insert("surface", **{**common, "name": "members", "anonymous": False})
        self.closed = deployment.insert("surface", **{**common, "name": "closed", "enabled": False})
        add_node(deployment, door, settings=WIDE_HEADERS)
        self.url = deployment.nginx.url
        self.model = deployment.model("rate=0;tokens=5")
        self.endless = deployment.model("rate=2;tokens=100000")
        self.disabled = deployment.model(enabled=False)
        self.routeless = deployment.model(route={"enabled": False})
        self.visitor, self.ended, self.live = self.person()
        self.stranger, self.strange, self.strange_live = self.person()
        self.narrow = deployment.model(history_token_limit=100)
        self.other_message = self.visitor.ask(model=self.model.name)["message"]["id"]
        self.patient = self.session("patient").start(model=self.endless.name)
        self.identity = str(deployment.turn(self.ended.id)["identity_id"])
        self.surface = str(deployment.turn(self.ended.id)["surface_id"])

        self.purged = self.without_answer()

    def without_answer(self) -> str:
        """A turn of the visitor that is done, and of which nothing is kept but its row."""
        turn = str(uuid.UUID(int=uuid.UUID(self.ended.id).int ^ 1))
        self.deployment.sql.execute(
            "insert into turn (id, conversation_id, identity_id, surface_id, user_message_id, message_id, model_name,"
            " durability, on_interrupt, owner, state, chunks, ended_at)"
            " select %s, conversation_id, identity_id, surface_id, user_message_id, gen_random_uuid(), model_name,"
            " durability, on_interrupt, owner, state, chunks, ended_at from turn where id = %s",
            [turn, self.ended.id],
        )
        return turn

    def session(self, surface: str = "open") -> ChatClient:
        client = ChatClient(self.url)
        response = client.open_session(surface)
        assert response.status_code == 201, response.text
        return client

    def person(self) -> tuple[ChatClient, Turn, Turn]:
        client = self.session()
        return client, client.start(model=self.model.name).read(), client.start(model=self.endless.name)

    @property
    def token(self) -> str:
        return self.visitor.token

    def expired(self) -> str:
        """The visitor's session, a second past its end."""
        return signed(self.deployment, SESSION, int(time.time()) - 1, self.identity, self.surface)

    def of_closed_surface(self) -> str:
        """The visitor's session on a surface that has been disabled."""
        surface = str(self.closed["id"])
        return signed(self.deployment, SESSION, int(time.time()) + 3600, self.identity, surface)

    def used_key(self) -> str:
        """An Idempotency-Key that stands for a start with the message "Once"."""
        key = uuid.uuid4().hex
        response = self.visitor.post_start({"message": "Once", "model": self.model.name}, key=key)
        assert response.status_code == 200, response.text
        return key

    def exhausted_reader(self) -> str:
        """A reader of the patient surface's turn that has used up its burst; the next poll is due in seconds."""
        reader = uuid.uuid4().hex
        for _ in range(20):
            if self.patient.get(reader=reader, wait=0).status_code == 429:
                return reader
        raise AssertionError("the budget of a reader has no end")

    @property
    def secrets(self) -> list[str]:
        """What no error may tell."""
        simulator = self.deployment.simulator
        key = (self.deployment.folder.path / "token.keys").read_text().split(":")[1].strip()
        models = [self.model, self.endless, self.disabled, self.routeless, self.narrow]
        names = [model.provider_model for model in models]
        tokens = [self.token, self.stranger.token, self.ended.token, self.live.token]
        return [key, f":{simulator.port}", self.deployment.database, "postgres", *names, *tokens]


def add_node(deployment: Deployment, door: str, settings: str = "", **node: str) -> Node:
    """A node that nginx reaches by this protocol alone; `settings` are nginx's."""
    address = f"unix:{deployment.folder.path}/{door}.sock"
    made = deployment.add_node(listen=address if door == "fastcgi" else f"{door}:{address}", **node)
    deployment.add_nginx([address], door=door, settings=settings)
    return made

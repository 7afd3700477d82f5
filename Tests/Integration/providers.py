"""Virtual models of several routes, and the simulator's address for each driver."""

import uuid
from dataclasses import dataclass

from canaries import AWS_KEY, AWS_SECRET, KEY, MODEL
from deployment import Deployment, Model
from stack import Simulator

# Driver → the simulator's base URL for it.
PATHS = {
    "openai": "/v1",
    "azure": "",
    "gateway": "/v1",
    "responses": "/v1",
    "anthropic": "/v1",
    "ollama": "",
    "bedrock": "",
    "gemini": "/v1beta",
}

# What each driver proves itself with.
KEYS = {driver: f"{KEY}of-{driver}" for driver in PATHS} | {"bedrock": f"{AWS_KEY}:{AWS_SECRET}"}


@dataclass(frozen=True)
class Route:
    """A row of model_route."""

    id: uuid.UUID
    provider_model: str


def region(driver: str, simulator: Simulator) -> str:
    return f"{simulator.url}{PATHS.get(driver, '/v1')}"


def add_route(
    site: Deployment,
    model: str,
    scenario: str = "rate=0",
    *,
    driver: str = "openai",
    simulator: Simulator | None = None,
    **columns,
) -> Route:
    """A further route of a virtual model, to a model of its own at the simulator."""
    provider_model = f"{MODEL}{uuid.uuid4().hex[:12]};{scenario}"
    owner = site.sql.execute("select id from virtual_model where name = %s", [model]).fetchone()
    settings = {
        "driver": driver,
        "provider_model": provider_model,
        "region": region(driver, simulator or site.simulator),
    }
    row = site.insert("model_route", model_id=owner["id"], **{**settings, **columns})
    return Route(row["id"], row["provider_model"])


def add_model(site: Deployment, **columns) -> str:
    """A virtual model without a route."""
    name = f"m-{uuid.uuid4().hex[:12]}"
    site.insert("virtual_model", **{"name": name, "title": name, **columns})
    return name


def routed(site: Deployment, *scenarios: str, routes: dict | None = None, **columns) -> tuple[str, list[Route]]:
    """A virtual model with a route for each scenario, the first tried first."""
    model = add_model(site, **columns)
    return model, [
        add_route(site, model, scenario, priority=index, **(routes or {}))
        for index, scenario in enumerate(scenarios, start=1)
    ]


def asked(site: Deployment, route: Route) -> list[dict]:
    """What the simulator noted about the route's requests."""
    return site.upstream(Model("", route.provider_model))


def text(site: Deployment, route: Route) -> str:
    return site.simulator.text(route.provider_model)

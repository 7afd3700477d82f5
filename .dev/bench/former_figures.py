"""This release beside the former one: starts, each on a database of its own release, on one
machine and one PostgreSQL, in turns. Once as it is installed, once with roles and limits that count."""

import statistics
from collections.abc import Iterator

from figures import Figure, measures, rate
from site_ import SURFACES, Peer, Site
from stack import FormerRelease, Nginx, Node

# Each is asked so often, one after the other.
ROUNDS = 5
# As many as an identity, a surface, a role and a model can have, so high that none is reached.
LIMITS = """
insert into sluice.role (name) values ('limited');
insert into sluice.role_model (role_id, model_id)
  select r.id, m.id from sluice.role r, sluice.virtual_model m where r.name = 'limited';
update sluice.surface set role_id = (select id from sluice.role where name = 'limited'),
  anonymous_role_id = (select id from sluice.role where name = 'limited');
insert into sluice.usage_limit (surface_id, role_id, model_id, requests_per_minute, concurrent_turns, tokens_per_day,
    tokens_per_month)
  select s.id, null::uuid, null::uuid, 1000000, 100000, 1000000000, 10000000000 from sluice.surface s
  union all select null, r.id, null, 1000000, 100000, 1000000000, 10000000000 from sluice.role r
  union all select null, null, m.id, 1000000, 100000, 1000000000, 10000000000 from sluice.virtual_model m;
"""
MODEL = """
with m as (
  insert into sluice.virtual_model (name, title) values (:'name', :'name') returning id
)
insert into sluice.model_route (model_id, driver, provider_model, region)
select id, 'openai', :'name' || ';' || :'scenario', :'region' from m;
"""
UNBOUNDED = {"upstream_limit": "20000", "upstream_host_limit": "20000"}
MODELS = {"starts": "rate=0;tokens=2"}


class Release:
    """A node with a database and an nginx of its own."""

    def __init__(self, site: Site, name: str, programs=None, migrations=None):
        self.site, self.name = site, name
        site.postgres.create(name)
        site.postgres.deploy(name, *([migrations] if migrations else []))
        site.postgres.sql(name, SURFACES)
        for model, scenario in MODELS.items():
            site.postgres.sql(name, MODEL, name=model, scenario=scenario, region=site.simulator.base_url)
        if name == "limited":
            site.postgres.sql(name, LIMITS)
        node = Node(
            site.processes,
            programs or site.programs,
            site.folder.path,
            site.logs / f"{name}.log",
            site.postgres.conninfo(name),
            name=name,
            # No more than the former release knows, and no bound that only one of them has.
            settings={"turn_limit": "20000", "drain_timeout": "0s", **({} if migrations else UNBOUNDED)},
            environment={"BENCH_KEY": "bench"},
        )
        node.start()
        nginx = Nginx(site.processes, site.folder.path, site.logs / f"nginx-{name}.log", node.addresses, node.operator, connections=16_000)
        nginx.start()
        self.peer = Peer(site, node, nginx)
        self.rates: list[float] = []
        self.session = self.call("/chat/session", {"surface": "quick"})["token"]

    def call(self, *words, **options) -> dict:
        """As the site's own, at this nginx."""
        nginx, self.site.nginx = self.site.nginx, self.peer.nginx
        try:
            return self.site.call(*words, **options)
        finally:
            self.site.nginx = nginx

    def load(self, *words: str) -> dict:
        return self.site.load(*words, port=self.peer.nginx.port, sluice=self.peer.node.process, nginx=self.peer.nginx.process)

    def measure(self) -> None:
        starts = self.load("starts", "--token", self.session, "--model", "starts", "--measure", "4")
        self.rates.append(rate(starts))


@measures("former_starts", "former_limited_starts")
def beside_the_former(site: Site) -> Iterator[Figure]:
    former = FormerRelease()
    # Built as the present one is.
    former.build(configuration=site.programs.name, log=site.logs / "former-build.log")
    releases = {
        "former": Release(site, "former", former.programs_of(site.programs.name), former.migrations),
        "present": Release(site, "present"),
        "limited": Release(site, "limited"),
    }
    try:
        for _ in range(ROUNDS):
            for release in releases.values():
                release.measure()
    finally:
        for release in releases.values():
            release.peer.close()
    middle = {name: statistics.median(release.rates) for name, release in releases.items()}
    told = ", ".join(f"{name} {value:,.0f}/s" for name, value in middle.items())
    for family, name in (("former", "present"), ("former_limited", "limited")):
        yield Figure(f"{family}_starts", middle[name] / middle["former"], "ratio", "≥ 0.8", f"starts a second, median of {ROUNDS} in turns: {told}")

"""This release beside the former one: what a start and a hot poll cost, each on a database of its own release, on one
machine and one PostgreSQL, in turns. Once as it is installed, once with roles and limits that count."""

import statistics
import time
from collections.abc import Iterator

from figures import Figure, measures, rate
from site_ import SURFACES, Peer, Site
from stack import FormerRelease, Nginx, Node

# Each is asked so often, one after the other.
ROUNDS = 5
TEXT = 200
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
MODELS = {"starts": "rate=0;tokens=2", "hot": "rate=0;tokens=400;text=fixed;fault=stall;after=25"}


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
            settings={"turn_limit": "20000", "upstream_limit": "20000", "upstream_host_limit": "20000", "drain_timeout": "0s"},
            environment={"BENCH_KEY": "bench"},
        )
        node.start()
        nginx = Nginx(site.processes, site.folder.path, site.logs / f"nginx-{name}.log", node.addresses, node.operator, connections=16_000)
        nginx.start()
        self.peer = Peer(site, node, nginx)
        self.rates: dict[str, list[float]] = {"starts": [], "polls": []}
        self.costs: list[float] = []
        self.session = self.call("/chat/session", {"surface": "quick"})["token"]
        self.file = self.polls()

    def call(self, *words, **options) -> dict:
        """As the site's own, at this nginx."""
        nginx, self.site.nginx = self.site.nginx, self.peer.nginx
        try:
            return self.site.call(*words, **options)
        finally:
            self.site.nginx = nginx

    def polls(self):
        """Polls of turns with text, which eight readers of each ask for again and again."""
        lines = []
        for _ in range(96):
            started = self.call("/chat/start", {"model": "hot", "message": "go", "stream": {"modes": ["poll"]}}, self.session)
            path = f"/chat/{started['turn']}/poll?cursor=1.0"
            while sum(len(event["text"]) for event in self.call(path, token=started["token"])["events"]) < TEXT:
                time.sleep(0.05)
            lines += [f"{path}&reader={n} {started['token']}" for n in range(8)]
        return self.site.write(f"hot-{self.name}.txt", lines)

    def load(self, *words: str) -> dict:
        return self.site.load(*words, port=self.peer.nginx.port, sluice=self.peer.node.process, nginx=self.peer.nginx.process)

    def measure(self) -> None:
        starts = self.load("starts", "--token", self.session, "--model", "starts", "--measure", "4")
        self.rates["starts"].append(rate(starts))
        polls = self.load("requests", "--file", str(self.file), "--group", "8", "--measure", "3")
        self.rates["polls"].append(rate(polls))
        self.costs.append(polls["numbers"]["cpu_sluice"] / polls["numbers"]["answers"] * 1e6)


@measures("former_starts", "former_poll_cpu", "former_limited_starts", "former_limited_poll_cpu")
def beside_the_former(site: Site) -> Iterator[Figure]:
    former = FormerRelease()
    # Built as the present one is.
    former.build(configuration=site.programs.name, log=site.logs / "former-build.log")
    site.stop_node()
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
        site.start_node()
    middle = {name: statistics.median(release.rates["starts"]) for name, release in releases.items()}
    cost = {name: statistics.median(release.costs) for name, release in releases.items()}
    told = ", ".join(f"{name} {value:,.0f}/s" for name, value in middle.items())
    told_cost = ", ".join(f"{name} {value:.1f} µs" for name, value in cost.items())
    for family, name in (("former", "present"), ("former_limited", "limited")):
        yield Figure(f"{family}_starts", middle[name] / middle["former"], "ratio", "≥ 0.8", f"starts a second, median of {ROUNDS} in turns: {told}")
        yield Figure(f"{family}_poll_cpu", cost[name] / cost["former"], "ratio", "≤ 1.25", f"CPU of Sluice for a hot poll: {told_cost}")

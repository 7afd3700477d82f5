"""What every integration test can ask for.

One private PostgreSQL serves all workers. `make test` hands it over with SLUICE_TEST_POSTGRES (its socket's folder);
a plain `pytest` starts one itself. SLUICE_TEST_PROGRAMS names the folder of the built programs.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / ".build/test"
sys.path.insert(0, str(ROOT / ".dev"))
sys.dont_write_bytecode = True

# With fixtures of their own.
pytest_plugins = ["checkup", "desk", "nginx_copy"]

import canaries
from deployment import TEMPLATE, Deployment
from scrape import Scrape, assert_moved
from stack import Folder, FormerRelease, NoHistory, Node, Postgres, PrivatePostgres, Processes
from stack.failure import log_tail


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or "SLUICE_TEST_POSTGRES" in os.environ:
        return
    folder, processes = Folder(), Processes()
    config.add_cleanup(folder.remove)
    config.add_cleanup(processes.stop)
    postgres = PrivatePostgres(processes, folder.path, LOGS / "postgres.log", durable=False)
    postgres.start()
    postgres.create(TEMPLATE)
    postgres.deploy(TEMPLATE)
    # The workers inherit it.
    os.environ["SLUICE_TEST_POSTGRES"] = str(postgres.socket)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What the tests have left is looked through once, by whoever distributes them."""
    if not hasattr(session.config, "workerinput") and (found := canaries.sing_in(LOGS)):
        print("\n✗ secrets in logs:", *found, sep="\n  ", file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    if report.failed:
        deployments = {id(d): d for d in item.funcargs.values() if isinstance(d, Deployment)}
        for deployment in [*deployments.values(), *getattr(item, "deployments", [])]:
            for log in sorted(deployment.logs.glob("*.log")):
                report.sections.append((f"end of {os.path.relpath(log, ROOT)}", log_tail(log)))
    return report


@pytest.fixture(scope="session")
def programs() -> Path:
    return Path(os.environ.get("SLUICE_TEST_PROGRAMS", ROOT / ".build/debug")).resolve()


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    return Postgres(Path(os.environ["SLUICE_TEST_POSTGRES"]))


@pytest.fixture(scope="session")
def site(postgres: Postgres, programs: Path, worker_id: str) -> Iterator[Deployment]:
    """A running deployment of this worker, for tests that leave its processes alone."""
    with Deployment(postgres, programs, LOGS / f"site-{worker_id}") as deployment:
        deployment.add_node()
        deployment.add_nginx()
        yield deployment


@pytest.fixture
def deploy(postgres: Postgres, programs: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Deployment]]:
    """Makes a deployment of the test's own, nothing but its simulator started; all of it ends with the test.

    Its database is a fresh one on the common server, unless the test names another server.
    """
    made: list[Deployment] = []
    request.node.deployments = made

    def make(server: Postgres | None = None, **options: Path) -> Deployment:
        name = f"{request.node.name}-{len(made)}".replace("/", "_").replace(";", ",")
        made.append(Deployment(server or postgres, programs, LOGS / name, **options))
        return made[-1]

    yield make
    for deployment in made:
        deployment.close()


@pytest.fixture(scope="session")
def former() -> FormerRelease:
    """The release before this one, built; minutes the first time."""
    release = FormerRelease()
    try:
        release.build(log=LOGS / "former.log")
    except NoHistory as absence:
        pytest.skip(f"NOT TESTED, the upgrade from the former release: {absence}")
    return release


@pytest.fixture
def deployment(deploy: Callable[..., Deployment]) -> Deployment:
    """A deployment of the test's own: one node behind one nginx."""
    deployment = deploy()
    deployment.add_node()
    deployment.add_nginx()
    return deployment


@pytest.fixture
def node(deployment: Deployment) -> Node:
    """Its node."""
    return deployment.nodes[0]


@pytest.fixture(autouse=True)
def moved(request: pytest.FixtureRequest) -> Iterator[None]:
    """Checks that what a test marked `moves` has moved, and so that no metric is there that never changes."""
    Scrape.taken.clear()
    yield
    for marker in request.node.iter_markers("moves"):
        for name in marker.args:
            assert_moved(name)


@pytest.fixture
def own_postgres() -> Iterator[PrivatePostgres]:
    """A server that the test may stop; to be named before `deploy`, so that it ends after the deployments on it."""
    folder, processes = Folder(), Processes()
    try:
        postgres = PrivatePostgres(processes, folder.path, LOGS / f"postgres-{folder.path.name}.log", durable=False)
        postgres.start()
        postgres.create(TEMPLATE)
        postgres.deploy(TEMPLATE)
        yield postgres
    finally:
        processes.stop()
        folder.remove()

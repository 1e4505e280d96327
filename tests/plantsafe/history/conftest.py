"""A real historian, and the small plant, for the tests that carry samples."""

from collections.abc import Callable, Iterator

import pytest
from historian_server import Historian

from plantsafe.plant.tables import Plant


@pytest.fixture(scope="module")
def historian(tmp_path_factory: pytest.TempPathFactory, program: Callable[..., str]) -> Iterator[Historian]:
    server = Historian(tmp_path_factory.mktemp("influx"), program("influxd"), program("nginx"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def plant(small_plant_of: Callable[..., Plant]) -> Plant:
    return small_plant_of()


@pytest.fixture
def fresh(historian: Historian) -> Iterator[Historian]:
    """An empty bucket of a server that is well."""
    historian.ask('DROP MEASUREMENT "pv"')
    yield historian
    for sign in ("away", "locked"):
        historian.says(sign, now=False)

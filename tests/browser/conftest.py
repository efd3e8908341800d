"""What the tests in a browser share."""

import pytest

from tests.browsing import around_noon, person, serving
from tests.deploy.conftest import up
from tests.deploy.machine import wait_for


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The address of a server of its own on an invented center, all of it read, with a manager `ana`."""
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder, TIMEZONE=around_noon()) as address:
        person(folder, "ana", "manager")
        wait_for(lambda: (up(f"{address}/health") or {}).get("status") == "ok")
        yield address

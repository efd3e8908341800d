"""What every test may ask for."""

import os
from pathlib import Path

import pytest

from tests.browsing import chromium, visit  # noqa: F401  one browser for all tests of a process
from tests.mariadb import mariadb, mariadb_server, tunnel  # noqa: F401


def pytest_addoption(parser):
    parser.addoption("--sequences", type=int, default=150, help="random lives of a log in the fuzz of the follower")


SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded servers beside the project; with CI=true it must be there."""
    if not (SHARED / "lab16").is_dir():
        assert os.environ.get("CI") != "true", f"{SHARED} is missing"
        pytest.skip("the recorded servers are not beside this checkout")
    return SHARED

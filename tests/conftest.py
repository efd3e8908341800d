"""What every test may ask for."""

import os
from pathlib import Path

import pytest

from tests.browsing import chromium, visit  # noqa: F401  one browser for all tests of a process
from tests.mariadb import mariadb, mariadb_server, tunnel  # noqa: F401


def pytest_addoption(parser):
    parser.addoption("--sequences", type=int, default=150, help="random lives of a log in the fuzz of the follower")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Tests of a group go to one process: pytest-xdist 3.8 writes the group where pytest 9.2 does not look any more."""
    if getattr(config.option, "loadgroup", False):
        for item in items:
            if group := item.get_closest_marker("xdist_group"):
                item._id = type(item._id).parse(f"{item.nodeid}@{group.args[0]}")
                assert item.nodeid.endswith(f"@{group.args[0]}"), "tests of a group are spread"


SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded servers beside the project; with CI=true it must be there."""
    if not (SHARED / "lab16").is_dir():
        assert os.environ.get("CI") != "true", f"{SHARED} is missing"
        pytest.skip("the recorded servers are not beside this checkout")
    return SHARED

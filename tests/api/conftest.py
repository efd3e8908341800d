"""The whole application on a small log, asked through Flask's test client."""

from pathlib import Path

import pytest

import app as house
import config

PASSWORD = "una frase larga y nueva"
# Tuesday 3 March 2026 in Bogota (UTC-5): two answered, one lost, one from an extension.
DAY = 1_772_514_000 + 9 * 3600


def lines() -> str:
    def stay(enter: int, callid: str, caller: str, did: str | None, *end: str) -> list[str]:
        first = [f"{enter}|{callid}|600|NONE|DID|{did}"] if did is not None else []
        return [*first, f"{enter}|{callid}|600|NONE|ENTERQUEUE||{caller}|1", *end]

    return "\n".join([
        *stay(DAY, "1.1", "3001112222", "6017000000", f"{DAY + 10}|1.1|600|Ana Gómez|CONNECT|10|1.9|4",
              f"{DAY + 110}|1.1|600|Ana Gómez|COMPLETEAGENT|10|100|1"),
        *stay(DAY + 600, "1.2", "3003334444", "6017000000", f"{DAY + 640}|1.2|600|NONE|ABANDON|1|1|40"),
        *stay(DAY + 3600, "1.3", "3003334444", "6017000000", f"{DAY + 3630}|1.3|600|Luis Pérez|CONNECT|30|1.8|4",
              f"{DAY + 3650}|1.3|600|Luis Pérez|COMPLETECALLER|30|20|1"),
        *stay(DAY + 7200, "1.4", "205", "", f"{DAY + 7205}|1.4|600|NONE|ABANDON|1|1|5")]) + "\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The application, its log read, with ana (manager), eva (supervisor of queue 601 only) and leo (viewer)."""
    folder: Path = tmp_path_factory.mktemp("api")
    log = folder / "queue_log"
    log.write_text(lines())
    application = house.create_app(config.load(QUEUE_LOG_PATH=log, DATA_DIR=folder / "var",
                                               TIMEZONE="America/Bogota"))
    application.store.refresh()
    application.users.add("ana", PASSWORD, "manager")
    application.users.add("eva", PASSWORD, "supervisor", queues=["601"])
    application.users.add("leo", PASSWORD, "viewer")
    return application


@pytest.fixture
def client(made):
    return made.server.test_client()


@pytest.fixture
def bearer(client):
    """Headers of somebody signed in through the API."""
    def of(username: str = "ana") -> dict[str, str]:
        answer = client.post("/api/auth/login", json={"username": username, "password": PASSWORD})
        return {"Authorization": f"Bearer {answer.json['data']['access_token']}"}
    return of

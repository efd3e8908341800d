"""People and audit in a real MariaDB: the same promises as in a file."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import DatabaseError

from auth import keeping
from auth.invitations import Invitations
from auth.keys import Keys
from auth.passwords import cheap
from auth.users import Throttled, Unusable, UserStore, WrongCredentials
from tests.auth.conftest import PASSWORD


@pytest.fixture
def url(mariadb_server):
    if mariadb_server.process is None:
        mariadb_server.start()
    mariadb_server.run("DROP DATABASE IF EXISTS people")
    mariadb_server.run("CREATE DATABASE people CHARACTER SET utf8mb4")
    mariadb_server.run("CREATE OR REPLACE USER people@'127.0.0.1' IDENTIFIED BY 'x'")
    mariadb_server.run("GRANT ALL ON people.* TO people@'127.0.0.1'")
    return f"mysql://people:x@127.0.0.1:{mariadb_server.port}/people"


@pytest.fixture
def both(url, clock, tmp_path):
    """Two stores over it, as two workers have them."""
    stores = [UserStore(url, clock=clock, hasher=cheap(), folder=tmp_path) for _ in range(2)]
    yield stores
    for store in stores:
        store.close()


def test_people_come_in_and_are_kept_waiting(both, clock):
    one, two = both
    ana = one.add("Ana.Pérez", PASSWORD, "manager", queues=["ventas", "ñ 💥"])
    assert two.verify("ana.pérez", PASSWORD).queues == {"ventas", "ñ 💥"}
    for n in range(5):
        with pytest.raises(WrongCredentials):
            both[n % 2].verify("ana.pérez", "wrong", "192.0.2.1")
    with pytest.raises(Throttled):
        one.verify("ana.pérez", PASSWORD, "192.0.2.1")
    _, key = Keys(one).make(ana, "CRM", ["calls"])
    assert Keys(two).user_of(key).permissions == {"calls"}
    token, _ = Invitations(one).make(ana.id)
    assert Invitations(two).accept(token, PASSWORD).username == "Ana.Pérez"
    assert Keys(two).user_of(key) is None
    two.remove(ana.id)
    assert [who.username for who in one.list()] == ["admin"]


def test_the_chain_holds_while_both_write_and_nothing_can_be_rewritten(both, clock):
    def work(n):
        if n % 3:
            both[n % 2].record("export", target=f"ñ {n}", rows=1.5)
            return
        with pytest.raises((WrongCredentials, Throttled)):
            both[n % 2].verify(f"nobody{n % 4}", "x", f"192.0.2.{n % 5}")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(90)))
    assert keeping.verify(both[0]).wrong is None
    for statement in ("DELETE FROM audit", "UPDATE audit SET username = 'x'", "DELETE FROM audit WHERE id = 3"):
        with pytest.raises(DatabaseError, match="only ever added to"), both[0].writer.begin() as connection:
            connection.exec_driver_sql(statement)
    clock.now += 40 * 86400
    both[0].record("export")
    assert keeping.retain(both[1], 30) > 60
    assert keeping.verify(both[0]).wrong is None
    with pytest.raises(DatabaseError, match="only ever added to"), both[0].writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_cuts")


def test_an_empty_database_where_there_were_people_is_refused(both, url, mariadb_server, clock, tmp_path):
    mariadb_server.run("DROP DATABASE people")
    mariadb_server.run("CREATE DATABASE people CHARACTER SET utf8mb4")
    with pytest.raises(Unusable, match="users recover"):
        UserStore(url, clock=clock, hasher=cheap(), folder=tmp_path)
    with pytest.raises(Unusable, match="cannot be used") as caught:
        UserStore(url.replace(":x@", ":wrong-word@"), clock=clock, hasher=cheap(), folder=tmp_path)
    assert "wrong-word" not in str(caught.value)

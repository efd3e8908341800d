"""Questions to a database that is well, ill, away, slow, back, or means harm."""

import threading
import time

import pytest

from data import mysql
from data.mysql import Database, DatabaseError
from tests.deploy.machine import wait_for
from tests.mariadb import Tunnel

pytestmark = pytest.mark.xdist_group("mariadb")
PATIENCE = 0.5


@pytest.fixture
def opened():
    """Makes databases and closes them at the end."""
    made = []

    def of(access, **more) -> Database:
        made.append(Database(access, **{"patience": PATIENCE, "connect": PATIENCE, "rest": 0.0, **more}))
        return made[-1]
    yield of
    for one in made:
        one.close()


def words(database: Database, sql: str = "SELECT 1", **more) -> str:
    with pytest.raises(DatabaseError) as error:
        database.ask(sql, **more)
    return error.value.words


def test_values_are_texts_numbers_and_none(mariadb, opened):
    mariadb.run("INSERT INTO asteriskcdrdb.cdr (uniqueid, clid, duration) VALUES ('1.1', 'Ñandú 😀 <b>', 7)")
    row, = opened(mariadb.access()).ask(
        "SELECT calldate, clid, duration, NULL, X'E1', 1.50, SUM(duration) FROM asteriskcdrdb.cdr "
        "WHERE uniqueid = %s", ("1.1",))
    assert row == ("0000-00-00 00:00:00", "Ñandú 😀 <b>", 7, None, "á", "1.50", "7")


@pytest.mark.parametrize("user,sql,said", [
    ("least", "SELECT 1 FROM asteriskcdrdb.nothing", mysql.DENIED),  # who may not see a table is not told it is gone
    ("full", "SELECT 1 FROM asteriskcdrdb.nothing", mysql.NO_TABLE),
    ("least", "SELECT password FROM asterisk.users", mysql.DENIED),
    ("least", "SELECT * FROM asterisk.users", mysql.DENIED),
    ("least", "SELECT 1 FROM asterisk.sip", mysql.DENIED),
    ("none", "SELECT 1 FROM asteriskcdrdb.cdr", mysql.DENIED),
    ("full", "SELECT linkedid FROM asteriskcdrdb.cdr", mysql.SHAPE),
    ("root", "SELECT 1", mysql.LOGIN),
    ("nobody", "SELECT 1", mysql.LOGIN),
])
def test_what_one_table_refuses_leaves_the_others_alone(mariadb, opened, user, sql, said):
    database = opened(mariadb.access(user))
    assert words(database, sql) == said
    assert database.problem == (said if said == mysql.LOGIN else "")
    if user in ("least", "full"):
        assert database.ask("SELECT 2") == [(2,)]


def test_a_database_that_is_missing(mariadb, opened):
    mariadb.run("DROP DATABASE call_center")
    mariadb.run("GRANT SELECT ON *.* TO 'full'@'127.0.0.1'")
    assert words(opened(mariadb.access("full")), "SELECT 1 FROM call_center.agent") in (
        mysql.NO_TABLE, mysql.NO_DATABASE)
    mariadb.run("REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'full'@'127.0.0.1'")


def test_a_machine_that_is_not_allowed(mariadb, opened):
    elsewhere = Tunnel(mariadb.port, source="127.0.0.9")
    database = opened(mariadb.access(port=elsewhere.port))
    assert words(database) == mysql.HOST
    elsewhere.close()


def test_nobody_listens_and_then_somebody_does(mariadb, tunnel, opened):
    database = opened(mariadb.access(port=tunnel.port))
    tunnel.close()
    assert words(database) == mysql.AWAY
    assert database.problem == mysql.AWAY
    tunnel.open()
    assert database.ask("SELECT 1") == [(1,)]
    assert database.problem == ""


def test_connections_that_broke_while_nobody_asked_are_made_again(mariadb, tunnel, opened):
    database = opened(mariadb.access(port=tunnel.port))
    assert database.ask("SELECT 1") == [(1,)]
    tunnel.hang_up()
    assert database.ask("SELECT 2") == [(2,)]


@pytest.mark.parametrize("how", ["cut", "mute", "drip"])
def test_a_server_that_turns_evil_costs_a_bounded_time_once(mariadb, tunnel, opened, how):
    database = opened(mariadb.access(port=tunnel.port), rest=1000.0)
    assert database.ask("SELECT 1") == [(1,)]
    tunnel.how = how
    assert words(database, "SELECT REPEAT('x', 5000)") in (mysql.LOST, mysql.SLOW, mysql.AWAY)
    problem = database.problem
    assert problem
    assert words(database) == problem  # told at once, nobody is asked
    tunnel.how = "through"
    assert words(database) == problem
    database._next = 0.0
    assert database.ask("SELECT 1") == [(1,)]


def test_slow_answers_are_given_up_and_no_thread_stays_behind(mariadb, opened):
    database = opened(mariadb.access(), rest=1000.0)
    before = threading.active_count()
    began = time.monotonic()
    asking = [threading.Thread(target=lambda: words(database, "SELECT SLEEP(10)")) for _ in range(20)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(9)
    assert not any(one.is_alive() for one in asking)
    assert time.monotonic() - began < 9  # ten seconds would be the answer itself
    assert database.problem == mysql.SLOW
    wait_for(lambda: threading.active_count() <= before + 1, seconds=3)  # before the answers themselves could end them


def test_pages_do_not_try_a_server_that_somebody_tends(mariadb, tunnel, opened):
    database = opened(mariadb.access(port=tunnel.port))
    database.tended = True
    tunnel.close()
    assert words(database) == mysql.AWAY
    tunnel.open()
    assert words(database) == mysql.AWAY
    assert database.ask("SELECT 1", trial=True) == [(1,)]
    assert database.ask("SELECT 1") == [(1,)]


def test_more_rows_than_wanted_are_never_read(mariadb, opened):
    database = opened(mariadb.access("full"), patience=20.0)
    rows = database.ask("SELECT seq, REPEAT('x', 100) FROM asteriskcdrdb.seq_1_to_100000000", most=1000)
    assert len(rows) == 1000
    assert database.ask("SELECT 1") == [(1,)]


def test_a_server_that_speaks_nonsense(opened):
    import socket
    listener = socket.create_server(("127.0.0.1", 0))

    def speak():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.sendall(b"\x4a\x00\x00\x00\x0a" + bytes(range(7, 80)))
            client.close()
    threading.Thread(target=speak, daemon=True).start()
    database = opened(mysql.Access("127.0.0.1", listener.getsockname()[1], "x", "y"))
    assert words(database) in (mysql.STRANGE, mysql.LOST, mysql.AWAY, mysql.LOGIN)
    listener.shutdown(2)
    listener.close()


def test_the_password_is_not_told(mariadb):
    assert "lectura" not in repr(mariadb.access())

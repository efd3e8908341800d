"""The realtime table of the queue log: the same calls as the file, whatever the shape, each line once."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from data import analysis, feed, frames, queue_table
from data.book import Book
from data.mysql import AWAY, LOST, SLOW, Database
from data.queue_table import TableFollower
from data.rules import Options
from data.site import Site
from data.store import Store

pytestmark = pytest.mark.xdist_group("mariadb")
BOGOTA, MADRID = ZoneInfo("America/Bogota"), ZoneInfo("Europe/Madrid")
T = 1_772_514_000  # 3 March 2026 00:00 in Bogota


@pytest.fixture
def opened(mariadb):
    """Makes followers with a book each, and closes everything at the end."""
    made: list[Database] = []

    def of(folder, zone=BOGOTA, table="queue_log", **access) -> TableFollower:
        made.append(Database(mariadb.access("full", **access), patience=2.0, connect=1.0, rest=0.0))
        return TableFollower(made[-1], table, zone, Book(folder), lambda: now[0])
    now = [float(T + 86_400)]
    of.now = now
    yield of
    for one in made:
        one.close()


def content(follower: TableFollower) -> list[str]:
    """Every line of the book, in the order in which it was written."""
    return [line for chunk in follower.book.chunks() for line in chunk.bytes().decode().splitlines()]


def settled(follower: TableFollower, opened) -> list[str]:
    """The same, once nothing is waited for any more."""
    poll = follower.poll()
    opened.now[0] += queue_table.HOLD
    again = follower.poll()
    assert (poll.problem, again.problem) == ("", "")
    return content(follower)


CALLS = [
    (T + 10, "1772514010.1", "600", "NONE", "DID", ["6015550600"]),
    (T + 10, "1772514010.1", "600", "NONE", "ENTERQUEUE", ["", "3001112222", "1"]),
    (T + 20, "1772514010.1", "600", "Ana Gómez 😀", "CONNECT", ["10", "1772514010.2", "4"]),
    (T + 50, "1772514010.1", "600", "Ana Gómez 😀", "ATTENDEDTRANSFER", ["LINK", "a", "b", "10", "30|1"]),
    (T + 60, "NONE", "600", "Ana Gómez 😀", "PAUSE", [""]),
    (T + 61, "MANAGER", "600", "SIP/1001", "ADDMEMBER", []),
]
LINES = [
    f"{T + 10}|1772514010.1|600|NONE|DID|6015550600", f"{T + 10}|1772514010.1|600|NONE|ENTERQUEUE||3001112222|1",
    f"{T + 20}|1772514010.1|600|Ana Gómez 😀|CONNECT|10|1772514010.2|4",
    f"{T + 50}|1772514010.1|600|Ana Gómez 😀|ATTENDEDTRANSFER|LINK|a|b|10|30|1",
    f"{T + 60}|NONE|600|Ana Gómez 😀|PAUSE|", f"{T + 61}|MANAGER|600|SIP/1001|ADDMEMBER|",
]
FIVE = "data1 VARCHAR(100), data2 VARCHAR(100), data3 VARCHAR(100), data4 VARCHAR(100), data5 VARCHAR(100)"
SHAPES = {
    "migration": ("time DATETIME(6), callid VARCHAR(80), queuename VARCHAR(256), agent VARCHAR(80), event VARCHAR(32), "
                  + FIVE, "text", "five"),
    "eleven": ("time DATETIME, callid CHAR(50), queuename CHAR(50), agent CHAR(50), event CHAR(20), " + FIVE,
               "text", "five"),
    "characters": ("time CHAR(26), callid VARCHAR(80), queuename VARCHAR(80), agent VARCHAR(80), event VARCHAR(32), "
                   "data VARCHAR(255)", "text", "raw"),
    "both": ("time CHAR(26), callid VARCHAR(80), queue VARCHAR(80), agent VARCHAR(80), event VARCHAR(32), "
             "data VARCHAR(255), " + FIVE, "text", "both"),
    "epoch": ("time INT, callid VARCHAR(80), queue VARCHAR(80), agent VARCHAR(80), event VARCHAR(32), " + FIVE,
              "number", "five"),
    "epoch in characters": ("time VARCHAR(20), callid VARCHAR(80), queue VARCHAR(80), agent VARCHAR(80), "
                            "event VARCHAR(32), data VARCHAR(255)", "number", "raw"),
    "timestamp": ("time TIMESTAMP(6), callid VARCHAR(80), queuename VARCHAR(80), agent VARCHAR(80), "
                  "event VARCHAR(32), " + FIVE, "moment", "five"),
    "loader": ("time_id INT, call_id VARCHAR(80), queue VARCHAR(80), agent VARCHAR(80), verb VARCHAR(32), " + FIVE,
               "number", "five"),
}


def made(mariadb, shape: str, base: str = "asteriskcdrdb") -> str:
    """The table in this shape; the statement that fills it."""
    columns, _, _ = SHAPES[shape]
    mariadb.run(f"DROP TABLE IF EXISTS {base}.queue_log")
    mariadb.run(f"CREATE TABLE {base}.queue_log (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, {columns}) "
                "DEFAULT CHARSET=utf8mb4")
    names = [re.split(r" ", part.strip())[0] for part in re.sub(r"\(\d+\)", "", columns).split(",")]
    return f"INSERT INTO {base}.queue_log ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"


def row(shape: str, call: tuple, zone=BOGOTA) -> tuple:
    _, when, how = SHAPES[shape]
    ts, callid, queue, agent, event, data = call
    said = dt.datetime.fromtimestamp(ts, zone if when == "text" else dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    if shape in ("characters", "both"):
        said += ".326595"
    five = (*data, "", "", "", "", "")[:5]
    return (str(ts) if when == "number" else said, callid, queue, agent, event,
            *({"five": five, "raw": ("|".join(data),), "both": ("|".join(data), *five)}[how]))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_lines_of_the_file(mariadb, opened, tmp_path, shape):
    insert = made(mariadb, shape)
    if SHAPES[shape][1] == "moment":
        for call in CALLS:
            ts, *rest = row(shape, call)
            mariadb.run(insert.replace("%s", f"FROM_UNIXTIME({call[0]}.25)", 1), [tuple(rest)])
    else:
        mariadb.run(insert, [row(shape, call) for call in CALLS])
    follower = opened(tmp_path / "book")
    assert settled(follower, opened) == LINES
    assert follower.poll().lines == 0


@pytest.mark.parametrize("base", ["asteriskcdrdb", "asterisk", "call_center"])
def test_the_table_is_found_in_any_of_the_databases(mariadb, opened, tmp_path, base):
    mariadb.run("DROP TABLE asteriskcdrdb.queue_log")
    mariadb.run(made(mariadb, "migration", base), [row("migration", call) for call in CALLS])
    assert settled(opened(tmp_path / "book"), opened) == LINES


def near(one: dict, other: dict) -> bool:
    """The same row: Asterisk looks at the clock once for the file and once for the table, and takes quotes out of what
    goes into the table."""
    for name, value in one.items():
        second = other[name]
        if isinstance(value, int) and isinstance(second, int) and not isinstance(value, bool):
            if abs(value - second) > 1:
                return False
        elif (value.replace('"', "") if isinstance(value, str) else value) != (
                second.replace('"', "") if isinstance(second, str) else second):
            return False
    return True


def test_the_analysis_of_the_recorded_table_is_that_of_the_file(mariadb, opened, tmp_path, shared):
    """Row for row: legs, attempts, sessions, pauses; and the totals."""
    mariadb.load((shared / "lab16/mysql/queue_log_v16.sql").read_text(), "asterisk")
    follower = opened(tmp_path / "book", table="queue_log_16")
    lines = settled(follower, opened)
    files = [shared / f"lab16/queue_log.16.{n}" for n in (1, 2, 3, 4)]
    original = [line for path in files for line in path.read_bytes().decode().splitlines()]
    assert len(lines) == len(original) == 1063
    (tmp_path / "log").write_text("\n".join(lines) + "\n")
    table, file = analysis.analyze([tmp_path / "log"]), analysis.analyze(files)
    keys = {"legs": ("callid", "callid_enter", "queue"), "attempts": ("callid", "queue", "agent", "kind", "ring_ms"),
            "sessions": ("agent", "queue", "closed_by"), "pauses": ("agent", "queue", "reason", "closed_by")}
    moments = {"legs": "enter", "attempts": "ring_ms", "sessions": "start", "pauses": "start"}
    for section, names in keys.items():
        def order(row, names=names, when=moments[section]):
            return [str(row[name]) for name in names], row[when] or 0
        mine, theirs = sorted(table[section], key=order), sorted(file[section], key=order)
        assert len(mine) == len(theirs) > 10
        assert [pair for pair in zip(mine, theirs, strict=True) if not near(*pair)] == []
    counts = [name for name, value in file["totals"].items() if name in frames.OUTCOMES or name in (
        "offered", "transferred", "recovered", "lost_unrecovered")]
    assert {name: table["totals"][name] for name in counts} == {name: file["totals"][name] for name in counts}
    assert table["totals"]["offered"] > 150
    assert table["rejected"] == file["rejected"]


def test_the_table_of_an_issabel_gives_exactly_its_files(mariadb, opened, tmp_path, shared):
    """Every line of a real server, split as Asterisk splits it, with local times of its own zone."""
    folder, zone = shared / "logs/01_issabel4_centos7_ast16", ZoneInfo("America/New_York")
    files = [folder / f"queue_log{n}" for n in ("-20220707", "-20220801", "-20220901", "-20221005", "")]
    lines = [line.lstrip("\0") for path in files for line in path.read_bytes().decode().splitlines()]
    rows = []
    for line in lines:
        ts, callid, queue, agent, event, *data = line.split("|")
        rows.append((dt.datetime.fromtimestamp(int(ts), zone).strftime("%Y-%m-%d %H:%M:%S.%f"), callid, queue, agent,
                     event, *(data + [""] * 5)[:4], "|".join(data[4:])))
    mariadb.run(made(mariadb, "migration"), rows)
    follower = opened(tmp_path / "book", zone)
    (tmp_path / "log").write_text("\n".join(settled(follower, opened)) + "\n")
    assert analysis.analyze([tmp_path / "log"]) == analysis.analyze(files)
    assert content(follower) == [line.rstrip("|") + "|" * (line.count("|", 0) == 5 and line.endswith("|"))
                                 for line in lines]


# -- following -------------------------------------------------------------------------------------


def test_rows_are_taken_as_they_come_each_once_and_after_a_restart(mariadb, opened, tmp_path):
    insert = made(mariadb, "migration")
    follower = opened(tmp_path / "book")
    assert follower.poll().lines == 0
    for i, call in enumerate(CALLS):
        mariadb.run(insert, [row("migration", call)])
        assert follower.poll().lines == 1
        assert content(follower) == LINES[:i + 1]
        if i == 2:
            follower.book.close()
            follower = opened(tmp_path / "book")
    assert follower.poll().lines == 0
    assert follower.poll().losses == 0


def test_of_two_processes_one_reads(mariadb, opened, tmp_path):
    mariadb.run(made(mariadb, "migration"), [row("migration", call) for call in CALLS])
    first, second = opened(tmp_path / "book"), opened(tmp_path / "book")
    assert first.poll().lines == 6
    assert second.poll().problem == "Another process is reading the log"
    first.book.close()
    assert second.poll().lines == 0
    assert content(second) == LINES


def test_a_row_that_is_late_is_waited_for_and_taken_even_later(mariadb, opened, tmp_path):
    insert = made(mariadb, "migration").replace("(time", "(id, time").replace("VALUES (", "VALUES (%s, ")

    def put(*numbers):
        mariadb.run(insert, [(n, *row("migration", CALLS[n - 1])) for n in numbers])
    put(1, 2, 4)
    follower = opened(tmp_path / "book")
    assert follower.poll().lines == 2
    put(3)
    assert follower.poll().lines == 2
    assert content(follower) == LINES[:4]
    put(6)
    assert follower.poll().lines == 0
    opened.now[0] += queue_table.HOLD
    assert follower.poll().lines == 1
    put(5)
    follower.book.close()
    follower = opened(tmp_path / "book")  # what is missing is remembered
    assert follower.poll().lines == 1
    assert follower.poll().lines == 0
    assert sorted(content(follower)) == sorted(LINES)
    opened.now[0] += queue_table.HOLES + 1
    assert follower.poll().lines == 0


def test_numbers_that_always_skip_are_no_obstacle(mariadb, opened, tmp_path):
    insert = made(mariadb, "migration").replace("(time", "(id, time").replace("VALUES (", "VALUES (%s, ")
    mariadb.run(insert, [(2 * i, *row("migration", call)) for i, call in enumerate(CALLS)])
    assert settled(opened(tmp_path / "book"), opened) == LINES


@pytest.mark.parametrize("keep", [0, 2, 5])
def test_old_rows_may_be_deleted(mariadb, opened, tmp_path, keep):
    insert = made(mariadb, "migration")
    mariadb.run(insert, [row("migration", call) for call in CALLS])
    follower = opened(tmp_path / "book")
    follower.poll()
    mariadb.run(f"DELETE FROM asteriskcdrdb.queue_log WHERE id <= {6 - keep}")
    assert follower.poll().lines == 0
    follower.book.close()
    follower = opened(tmp_path / "book")
    mariadb.run(insert, [row("migration", (T + 70, "NONE", "600", "Ana Gómez 😀", "UNPAUSE", [""]))])
    poll = follower.poll()
    assert (poll.lines, poll.losses) == (1, 0)
    assert len(content(follower)) == 7


@pytest.mark.parametrize("change", ["DELETE FROM asteriskcdrdb.queue_log WHERE id = 6",
                                    "UPDATE asteriskcdrdb.queue_log SET agent = 'SIP/1002' WHERE id = 6"])
def test_a_last_row_that_is_corrected_or_deleted_doubles_nothing(mariadb, opened, tmp_path, change):
    insert = made(mariadb, "migration")
    mariadb.run(insert, [row("migration", call) for call in CALLS])
    follower = opened(tmp_path / "book")
    follower.poll()
    mariadb.run(change)
    for _ in range(3):
        assert follower.poll().lines == 0
    follower.book.close()
    assert opened(tmp_path / "book").poll().lines == 0


def test_a_table_made_again_with_the_same_rows_goes_on(mariadb, opened, tmp_path):
    """Numbers given anew: the place is found by the last lines."""
    insert = made(mariadb, "migration").replace("(time", "(id, time").replace("VALUES (", "VALUES (%s, ")
    mariadb.run(insert, [(i + 100, *row("migration", call)) for i, call in enumerate(CALLS)])
    follower = opened(tmp_path / "book")
    assert follower.poll().lines == 6
    mariadb.run("TRUNCATE asteriskcdrdb.queue_log")
    later = (T + 70, "NONE", "600", "Ana Gómez 😀", "UNPAUSE", [""])
    mariadb.run(insert, [(i + 1, *row("migration", call)) for i, call in enumerate([*CALLS, later])])
    follower.poll()
    poll = follower.poll()
    assert (poll.lines, poll.losses) == (1, 0)
    assert len(content(follower)) == 7


def test_a_table_that_was_emptied_and_begins_again(mariadb, opened, tmp_path):
    insert = made(mariadb, "migration")
    mariadb.run(insert, [row("migration", call) for call in CALLS])
    follower = opened(tmp_path / "book")
    follower.poll()
    mariadb.run("TRUNCATE asteriskcdrdb.queue_log")
    assert follower.poll().lines == 0
    mariadb.run(insert, [row("migration", (T + 100 + i, f"{T + 100}.9", "600", "NONE", "ENTERQUEUE", ["", "300", "1"]))
                         for i in range(2)])
    assert [follower.poll().lines for _ in range(3)] == [0, 2, 0]
    assert len(content(follower)) == 8


def test_a_catalogue_that_was_lost_finds_the_place_again(mariadb, opened, tmp_path):
    mariadb.run(made(mariadb, "migration"), [row("migration", call) for call in CALLS])
    follower = opened(tmp_path / "book")
    follower.poll()
    follower.book.compact(force=True)
    follower.book.close()
    (tmp_path / "book" / "book.db").write_bytes(b"not a database" * 1000)
    for name in ("book.db-wal", "book.db-shm"):
        (tmp_path / "book" / name).unlink(missing_ok=True)
    follower = opened(tmp_path / "book")
    assert follower.poll().lines == 0
    assert content(follower) == LINES


def test_rows_that_say_no_time_are_counted_and_shown(mariadb, opened, tmp_path):
    insert = made(mariadb, "characters")
    mariadb.run(insert, [("0000-00-00 00:00:00", "1.1", "600", "NONE", "ENTERQUEUE", "||1"),
                         ("", "1.1", "600", "NONE", "ABANDON", "1|1|3"), *[row("characters", c) for c in CALLS]])
    mariadb.run("INSERT INTO asteriskcdrdb.queue_log (callid) VALUES ('<script>')")
    follower = opened(tmp_path / "book")
    poll = follower.poll()
    assert (poll.lines, poll.bad) == (9, 3)
    assert follower.book.totals().bad.samples[2] == b"NULL|<script>||||"


def test_a_line_stays_a_line_whatever_is_in_a_row(mariadb, opened, tmp_path):
    mariadb.run(made(mariadb, "migration"), [
        ("2026-03-03 00:00:10", "1.1", "600", "Ana\nGómez\r\n", "PAUSE", "Café; ^", "", "", "", "")])
    assert settled(opened(tmp_path / "book"), opened) == [f"{T + 10}|1.1|600|Ana Gómez |PAUSE|Café; ^"]


@pytest.mark.parametrize("statement,said", [
    ("DROP TABLE asteriskcdrdb.queue_log", queue_table.NO_LOG_TABLE),
    ("ALTER TABLE asteriskcdrdb.queue_log DROP COLUMN event", queue_table.NOT_A_LOG),
    ("ALTER TABLE asteriskcdrdb.queue_log DROP COLUMN id", queue_table.NO_NUMBERS),
    ("ALTER TABLE asteriskcdrdb.queue_log MODIFY id BIGINT NOT NULL, DROP PRIMARY KEY", queue_table.NO_NUMBERS)])
def test_a_table_that_cannot_be_followed_is_said_and_followed_once_it_can(mariadb, opened, tmp_path, statement, said):
    mariadb.run(statement)
    follower = opened(tmp_path / "book")
    assert follower.poll().problem == said
    mariadb.run(made(mariadb, "migration"), [row("migration", call) for call in CALLS])
    assert follower.poll().problem == ""
    assert content(follower) == LINES


@pytest.mark.parametrize("how", ["cut", "mute", "closed"])
def test_a_server_that_dies_while_it_is_read_loses_and_doubles_nothing(mariadb, tunnel, opened, tmp_path, how):
    insert = made(mariadb, "migration")
    mariadb.run(insert, [row("migration", call) for call in CALLS[:3]])
    follower = opened(tmp_path / "book", port=tunnel.port)
    assert follower.poll().lines == 3
    mariadb.run(insert, [row("migration", call) for call in CALLS[3:]])
    if how == "closed":
        tunnel.close()
    else:
        tunnel.how = how
    assert follower.poll().problem in (AWAY, LOST, SLOW)
    if how == "closed":
        tunnel.open()
    else:
        tunnel.how = "through"
        tunnel.hang_up()
    poll = follower.poll()
    assert (poll.problem, poll.lines) == ("", 3)
    assert content(follower) == LINES


# -- the hour that comes twice ---------------------------------------------------------------------

AUTUMN = int(dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC).timestamp())  # 02:30 in Madrid, the first one


def test_the_hour_that_comes_twice_is_told_apart_by_the_order_of_the_numbers(mariadb, opened, tmp_path):
    seconds = [AUTUMN - 1_800, AUTUMN, AUTUMN + 1_500, AUTUMN + 1_800, AUTUMN + 1_805, AUTUMN + 3_600, AUTUMN + 5_400]
    calls = [(ts, "NONE", "600", "Ana", "PAUSE", ["x"]) for ts in seconds]
    insert = made(mariadb, "migration")
    mariadb.run(insert, [row("migration", call, MADRID) for call in calls[:4]])
    follower = opened(tmp_path / "book", MADRID)
    opened.now[0] = AUTUMN + 86_400
    follower.poll()
    follower.book.close()
    follower = opened(tmp_path / "book", MADRID)  # in the middle of it
    mariadb.run(insert, [row("migration", call, MADRID) for call in calls[4:]])
    follower.poll()
    assert [int(line.split("|")[0]) for line in content(follower)] == seconds


def test_and_by_the_callid_where_there_was_nothing_before(mariadb, opened, tmp_path):
    ts = AUTUMN + 3_600
    calls = [(ts + i, f"{ts}.1", "600", "NONE", event, data) for i, (event, data) in enumerate((
        ("ENTERQUEUE", ["", "300", "1"]), ("ABANDON", ["1", "1", "1"])))]
    early = [(AUTUMN + i, f"{AUTUMN}.2", "600", "NONE", event, data) for i, (event, data) in enumerate((
        ("ENTERQUEUE", ["", "300", "1"]), ("ABANDON", ["1", "1", "1"])))]
    mariadb.run(made(mariadb, "migration"), [row("migration", call, MADRID) for call in (*early, *calls)])
    follower = opened(tmp_path / "book", MADRID)
    follower.poll()
    assert [int(line.split("|")[0]) for line in content(follower)] == [AUTUMN, AUTUMN + 1, ts, ts + 1]


# -- the store -------------------------------------------------------------------------------------


def test_the_store_on_a_table_answers_as_on_the_file(mariadb, opened, tmp_path):
    mariadb.run(made(mariadb, "migration"), [row("migration", call) for call in CALLS])
    (tmp_path / "queue_log").write_text("\n".join(LINES) + "\n")
    database = Database(mariadb.access("full"), patience=5.0)
    site = Site(BOGOTA, Options())
    table = Store(tmp_path / "queue_log", tmp_path / "a", site, lambda: T + 86_400.0,
                  lambda book: TableFollower(database, "queue_log", BOGOTA, book, lambda: T + 86_400.0))
    file = Store(tmp_path / "queue_log", tmp_path / "b", site, lambda: T + 86_400.0)
    for store in (table, file):
        store.refresh()
        store.refresh()
    assert table.counts() == file.counts()
    assert table.health()["problem"] is None
    assert table.counts()["legs"] == 1
    mariadb.run("DROP TABLE asteriskcdrdb.queue_log")
    table.refresh()
    assert table.health()["problem"] == "The table does not exist"
    assert table.counts()["legs"] == 1
    database.close()


def test_a_store_that_only_shows_writes_nothing(tmp_path):
    (tmp_path / "queue_log").write_text("\n".join(LINES) + "\n")
    site = Site(BOGOTA, Options())
    store = Store(tmp_path / "queue_log", tmp_path / "a", site, lambda: T + 86_400.0)
    store.refresh()
    store.book.close()
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "a").rglob("*"))
    shown = Store(tmp_path / "queue_log", tmp_path / "a", site, lambda: T + 86_400.0,
                  lambda _: feed.Nothing(), read_only=True)
    shown.refresh()
    assert shown.counts()["legs"] == 1
    after = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "a").rglob("*"))
    assert [name for name, _ in after if "-wal" not in name and "-shm" not in name] == [
        name for name, _ in before if "-wal" not in name and "-shm" not in name]

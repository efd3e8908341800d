"""The examination of what is around the log: names, recordings, time zone, databases, the data folder, Chromium."""

import os
import shutil
import socket
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tzlocal

from data import aliases, mysql, recordings
from data.finding import NOTE, OK, WRONG, Finding, listed, quoted, readable, set_in_env, user
from data.issabel import NO_INDEX, Issabel
from data.mysql import Access, DatabaseError
from data.recording_names import epoch
from data.recordings import Recordings
from data.store import Store
from i18n import clock

AGENTS_NAMED = "Every agent of the log has a name"
AGENTS_UNNAMED = "Agents without a name: {names}"
QUEUES_NAMED = "Every queue of the log has a name"
QUEUES_UNNAMED = "Queues without a name: {names}"
TWICE = "Names that several extensions have, and that name nobody therefore: {names}"
SOUND_READ = "The folder of the recordings can be read: {path}"
SOUND_CLOSED = "The recordings cannot be read: {cause} ({path})"
SOUND_THERE = "Of the recordings that call records name, {count} were looked for and found"
SOUND_LOST = "Recordings that call records name and that are not in the folder: {count} of {seen}"
ZONE = "The time zone is {zone}, where it is {time}"
ZONE_OTHER = "The time zone is {zone}, but this machine lives in {host}"
ZONE_SOUND = "The names of recordings are {hours} hours away from their calls: the time zone may be wrong"
ZONE_RECORDS = "The call records are {hours} hours away from their calls: the time zone may be wrong"
BASE_UNUSED = "No database of Issabel is set (DB_HOST): names and call records are done without"
BASE_READ = "The databases of Issabel answer ({server}); call records by call id, rows of names: {count}"
BASE_WRONG = "The databases of Issabel cannot be asked: {cause} ({detail})"
BASE_PART = "The table {table} cannot be read: {cause}"
BASE_CUT = "The table {table} has more rows than are read"
BASE_BACKS = "Calls back to lost numbers cannot be looked for: the call records have no index by date (Issabel 4)"
FOLDER = "The data folder {path} has {free} GB free"
FOLDER_FULL = "The data folder {path} has only {free} GB free"
FOLDER_NEW = "The data folder {path} is made at the first start"
FOLDER_CLOSED = "The data folder {path} cannot be written"
FOLDER_OPEN = "The data folder {path} can be read by others"
STORE_WRONG = "The store has a problem: {cause}"
BROWSER = "Chromium is there: {path}"
NO_BROWSER = "Chromium is not there: reports as PDF come without charts"

OFF = 1_500  # seconds by which names and calls may differ, at most
SAMPLE = 40  # newest calls that are looked at
GB = 2**30
GRANTS = {
    "cdr": "SELECT ON {table}", "cel": "SELECT ON {table}",
    "queues_config": "SELECT (extension, descr, maxwait) ON {table}", "queues_details": "SELECT ON {table}",
    "users": "SELECT (extension, name) ON {table}",
    "devices": "SELECT (id, tech, dial, user, description) ON {table}",
    "incoming": "SELECT (extension, cidnum, description, destination) ON {table}",
    "agent": "SELECT (id, type, number, name, estatus) ON {table}"}


def names(store: Store, issabel: Issabel, folder: Path) -> Iterator[Finding]:
    """Who has no name."""
    shot = store.view().snapshot
    if not shot.agents and not shot.queues:
        return
    loose = aliases.loose(shot.agents, shot.extensions, 1_000)
    file = folder / "names.csv"

    def mend(kind: str, key: str) -> str:
        head = "" if file.exists() else "kind,key,name,service_level\\n"
        return f"printf '{head}{kind},{key},NOMBRE,\\n' >> {quoted(file)}"
    if loose:
        yield Finding("names", NOTE, AGENTS_UNNAMED, {"names": listed(loose)}, mend("agent", _plain(loose[0])))
    else:
        yield Finding("names", OK, AGENTS_NAMED)
    bare = [queue for queue in shot.queues if queue.isdigit() and shot.site.queue_label(queue) == queue]
    if bare:
        yield Finding("names", NOTE, QUEUES_UNNAMED, {"names": listed(bare)}, mend("queue", bare[0]))
    else:
        yield Finding("names", OK, QUEUES_NAMED)
    if issabel.names.twice:
        first, who = next(iter(issabel.names.twice.items()))
        yield Finding("names", NOTE, TWICE, {"names": listed(
            [f"{name} ({', '.join(keys)})" for name, keys in issabel.names.twice.items()])},
            mend("agent", who[0] if who else first))


def _plain(name: str) -> str:
    """The extension of an interface; nothing that a shell would take for more."""
    return "".join(sign for sign in name.rpartition("/")[2] if sign.isalnum() or sign in "._-")


def newest(store: Store) -> list[str]:
    """Callids of the newest calls that were answered, whose recordings should be there."""
    shot = store.view().snapshot
    found: list[str] = []
    for run in reversed(shot.legs):
        answered = np.flatnonzero(run.number("connect") >= 0)[-4 * SAMPLE:]
        texts = run.text("callid")
        found += [str(texts[int(at)].as_py()) for at in answered[::-1]]
        if len(found) >= SAMPLE:
            break
    return list(dict.fromkeys(found))[:SAMPLE]


def sound(store: Store, issabel: Issabel, kept: Recordings) -> Iterator[Finding]:
    """Are the recordings there that should be."""
    problem = kept.problem()
    if problem:
        absent = problem == recordings.NO_FOLDER  # recording nothing is how Issabel comes
        yield Finding("recordings", NOTE if absent else WRONG, SOUND_CLOSED, {"cause": problem, "path": str(kept.base)},
                      set_in_env("RECORDINGS_DIR", "/var/spool/asterisk/monitor") if absent else readable(kept.base))
        return
    yield Finding("recordings", OK, SOUND_READ, {"path": str(kept.base)})
    if issabel.database is None:
        return
    seen, lost = 0, []
    for callid in newest(store):
        for name in issabel.named(callid):
            if name == recordings.DELETED:
                continue
            seen += 1
            if not any(one.path is not None for one in kept.find(callid)):
                lost.append(name)
            break
    if lost:
        callid = "".join(sign for sign in lost[0] if sign.isalnum() or sign in "._-+")
        yield Finding("recordings", WRONG if len(lost) == seen else NOTE, SOUND_LOST,
                      {"count": len(lost), "seen": seen}, f"find / -xdev -name {quoted(callid)} 2>/dev/null",
                      tuple(lost[:5]))
    elif seen:
        yield Finding("recordings", OK, SOUND_THERE, {"count": seen})


def zone(store: Store, issabel: Issabel, kept: Recordings, lang: str) -> Iterator[Finding]:
    """Is the time zone that of the telephone system. The log itself has none; names of files and databases do."""
    view = store.view()
    mine, host = str(view.zone), tzlocal.get_localzone_name() or "UTC"
    yield Finding("zone", OK, ZONE, {"zone": mine, "time": clock(lang, view.now())})
    callids = newest(store)
    doubts = False
    by_name = [one.started.timestamp() - born for callid in callids if (born := epoch(callid)) is not None
               for one in kept.find(callid) if one.started is not None][:SAMPLE]
    by_row = _records(issabel, callids)
    for words, found in ((ZONE_SOUND, by_name), (ZONE_RECORDS, by_row)):
        if len(found) >= 3 and abs(middle := statistics.median(found)) > OFF:
            doubts = True
            yield Finding("zone", WRONG, words, {"hours": f"{round(middle / 1800) / 2:+g}"},
                          set_in_env("TIMEZONE", host if host != mine else "America/..."))
    if host != mine and not doubts and not by_name and not by_row and not view.demo:
        yield Finding("zone", NOTE, ZONE_OTHER, {"zone": mine, "host": host}, set_in_env("TIMEZONE", host))


def _records(issabel: Issabel, callids: Sequence[str]) -> list[float]:
    """Seconds between the birth of a channel and the first record of it."""
    found: list[float] = []
    try:
        for callid in callids[:10]:
            starts = [one.start for one in issabel.cdr.rows([callid]) if one.start is not None and (
                one.uniqueid == callid)] if issabel.cdr else []
            born = epoch(callid)
            if starts and born is not None:
                found.append(min(starts) - born)
    except DatabaseError:
        return []
    return found


def base(issabel: Issabel) -> Iterator[Finding]:
    """Do the databases answer, table by table."""
    database = issabel.database
    if database is None or issabel.cdr is None:
        yield Finding("database", OK, BASE_UNUSED)
        return
    if not database.tended:
        issabel.refresh(keep=False)
    to = database.access
    if database.problem:
        yield Finding("database", WRONG, BASE_WRONG, {"cause": database.problem, "detail": database.detail[:160]},
                      _mend(to, database.problem))
        return
    yield Finding("database", OK, BASE_READ, {"server": database.server[:40], "count": sum(
        part.rows for part in issabel.parts)})
    for part in issabel.parts:
        optional = part.table.startswith(f"{to.callcenter}.")
        name = part.table.rpartition(".")[2]
        if part.words:
            command = (f"mysql -e 'ALTER TABLE {part.table} ADD INDEX (uniqueid)'" if part.words == NO_INDEX else
                       _grant(to, GRANTS[name].format(table=part.table)))
            yield Finding("database", OK if optional else WRONG, BASE_PART,
                          {"table": part.table, "cause": part.words}, "" if optional else command)
        if part.full:
            yield Finding("database", NOTE, BASE_CUT, {"table": part.table},
                          f"mysql -e 'SELECT COUNT(*) FROM {part.table}'")  # noqa: S608  for a person to type
    shape = issabel.cdr.shape
    if shape is not None and shape.columns and not shape.dated:
        yield Finding("database", OK, BASE_BACKS)


def _mend(to: Access, problem: str) -> str:
    if problem in (mysql.LOGIN, mysql.HOST):
        return _grant(to, GRANTS["cdr"].format(table=f"{to.cdr}.cdr"))
    if problem in (mysql.AWAY, mysql.LOST):
        return f"iptables -I INPUT -p tcp -s {_here(to)} --dport {to.port} -j ACCEPT"
    return f"mysqladmin -h {quoted(to.host)} -P {to.port} -u {quoted(to.user)} -p processlist"


def _grant(to: Access, what: str) -> str:
    """What the administrator of the server types; the password is never shown."""
    account = f"{_word(to.user)}@{_here(to)}"
    name, _, host = account.partition("@")
    return f"""mysql -e "GRANT {what} TO '{name}'@'{host}' IDENTIFIED BY '...'\""""


def _word(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum() or sign in "_.-") or "reportes"


def _here(to: Access) -> str:
    """The address from which this machine reaches the server; nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((to.host, to.port))
            return str(probe.getsockname()[0])
    except OSError:
        return "192.0.2.10"


def folder(path: Path, store: Store | None) -> Iterator[Finding]:
    """Can the data be kept."""
    if not path.exists():
        yield Finding("folder", OK, FOLDER_NEW, {"path": str(path)})
        return
    if not os.access(path, os.W_OK | os.X_OK):
        yield Finding("folder", WRONG, FOLDER_CLOSED, {"path": str(path)},
                      f"chown -R {quoted(user())} {quoted(path)}")
    elif path.stat().st_mode & 0o077:
        yield Finding("folder", NOTE, FOLDER_OPEN, {"path": str(path)}, f"chmod 700 {quoted(path)}")
    free = shutil.disk_usage(path).free
    level, words = (OK, FOLDER) if free >= GB else (NOTE if free >= GB // 10 else WRONG, FOLDER_FULL)
    yield Finding("folder", level, words, {"path": str(path), "free": f"{free / GB:.1f}"},
                  "" if level == OK else f"df -h {quoted(path)}")
    if store is not None and store.problem:
        yield Finding("folder", WRONG, STORE_WRONG, {"cause": store.problem}, "python app.py ingest --once")


def browser() -> Iterator[Finding]:
    """Chromium draws the charts of reports on paper."""
    found = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))),
                 None)
    yield Finding("browser", OK, BROWSER, {"path": found}) if found else Finding(
        "browser", NOTE, NO_BROWSER, {}, "apt-get install -y chromium")

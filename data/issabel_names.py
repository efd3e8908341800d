"""Names as Issabel's configuration has them: queues and their service level, extensions, agents, dialled numbers.

Tables are read in pages along their primary key, columns by name (column grants are enough), and what may not be read
leaves the others alone. What was read last is kept in a file, so that names stay while the database is away.
"""

import fcntl
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.names import extension
from data.rules import NOBODY

if TYPE_CHECKING:
    from data.mysql import Database, Row

FILE = "issabel-names.json"
PAGE = 5_000
MOST = 50_000  # rows of one table; a center with more has another problem
LONGEST = 80  # characters of a name
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
_KEY = re.compile(r"[A-Za-z0-9_.+*#-]{1,45}")
_NUMBER = re.compile(r"[\d\s.+*#()-]+")


@dataclass(frozen=True)
class IssabelNames:
    """`queues` queue -> words; `levels` queue -> seconds of its service level; `people` extension or `Agent/N` -> name;
    `dids` dialled number -> words; `twice` names that several extensions have: they name nobody. `revision` grows with
    every change."""

    queues: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    dids: Mapping[str, str] = field(default_factory=dict)
    twice: Mapping[str, list[str]] = field(default_factory=dict)
    revision: int = 0

    def same(self, other: "IssabelNames") -> bool:
        return asdict(self) | {"revision": 0} == asdict(other) | {"revision": 0}


@dataclass(frozen=True)
class Part:
    """What is known of one table: `words` is "" when it could be read, an English message id otherwise; `rows` how many
    were, `full` whether there were more than anybody reads."""

    table: str
    words: str = ""
    detail: str = ""
    rows: int = 0
    full: bool = False


def read(database: "Database", before: IssabelNames) -> tuple[IssabelNames, list[Part]]:
    """What the database says now, and how each table answered. A table that cannot be read keeps what is known from
    `before`. DatabaseError when the server as a whole is away."""
    from data.mysql import DatabaseError  # with the driver, which who has no database does without

    to, parts = database.access, []

    def rows(table: str, columns: str, key: str, where: str = "") -> "list[Row] | None":
        found: list[Row] = []
        try:
            for page in _pages(database, table, columns, key, where):
                found += page
        except DatabaseError as error:
            if database.problem:
                raise
            parts.append(Part(table, error.words, error.detail))
            return None
        parts.append(Part(table, rows=len(found), full=len(found) >= MOST))
        return found

    queues = rows(f"{to.asterisk}.queues_config", "extension, descr", "extension")
    levels = rows(f"{to.asterisk}.queues_details", "id, data", "id", "keyword = 'servicelevel' AND ")
    users = rows(f"{to.asterisk}.users", "extension, name", "extension")
    devices = rows(f"{to.asterisk}.devices", "id, user, description, dial", "id")
    agents = rows(f"{to.callcenter}.agent", "id, type, number, name, estatus", "id")
    dids = _incoming(database, parts)
    people, twice = ((before.people, before.twice) if users is None and devices is None and agents is None
                     else _people(users or [], devices or [], agents or []))
    return IssabelNames(
        before.queues if queues is None else {k: n for k, n in _pairs(queues) if n},
        before.levels if levels is None else {str(k): int(str(v)) for k, v in levels if _level(v)},
        people, before.dids if dids is None else dict(_pairs(dids)), twice, before.revision), parts


def _pages(database: "Database", table: str, columns: str, key: str, where: str) -> "Iterator[list[Row]]":
    """A table from the beginning of its primary key to its end; it moves on even when a server lies about order."""
    last: Any = 0 if key == "id" and table.endswith(".agent") else ""
    total = 0
    sql = (f"SELECT {columns} FROM {table} FORCE INDEX (PRIMARY) "  # noqa: S608  names of our own, values apart
           f"WHERE {where}{key} > %s ORDER BY {key} LIMIT {PAGE}")
    while total < MOST:
        page = database.ask(sql, (last,), most=PAGE, trial=True)
        yield page
        total += len(page)
        if len(page) < PAGE or page[-1][0] == last:
            return
        last = page[-1][0]


def _incoming(database: "Database", parts: list[Part]) -> "list[Row] | None":
    """Dialled numbers; their small table has no key to read it by."""
    from data.mysql import DatabaseError

    table = f"{database.access.asterisk}.incoming"
    try:
        found = database.ask(f"SELECT extension, description FROM {table} LIMIT {PAGE}",  # noqa: S608
                             most=PAGE, trial=True)
    except DatabaseError as error:
        if database.problem:
            raise
        parts.append(Part(table, error.words, error.detail))
        return None
    parts.append(Part(table, rows=len(found), full=len(found) >= PAGE))
    return found


def _people(users: "list[Row]", devices: "list[Row]",
            agents: "list[Row]") -> tuple[dict[str, str], dict[str, list[str]]]:
    """Extension or Agent/N -> name, and the names that more than one extension has. Several telephones of one user are
    one person."""
    owners = {key: name for key, name in _pairs(users) if _names(key, name)}
    found = dict(owners)
    alone = {}
    for row in devices:
        device, user, name = str(row[0] or ""), str(row[1] or ""), cleaned(row[2])
        if _KEY.fullmatch(device) and device not in found:
            if user in owners:
                found[device] = owners[user]
            elif _names(device, name):
                alone[device] = name
    found.update(alone)
    many = {name for name, number in Counter([*owners.values(), *alone.values()]).items() if number > 1}
    twice: dict[str, list[str]] = {name: [] for name in sorted(many)[:100]}
    for key, name in found.items():
        if name in twice and len(twice[name]) < 10:
            twice[name].append(key)
    found = {key: name for key, name in found.items() if name not in many}
    taken = {*found.values(), *many}
    for row in sorted(agents, key=lambda row: row[4] != "A"):  # those in service first
        kind, number, name = str(row[1] or ""), str(row[2] or ""), cleaned(row[3])
        key = f"Agent/{number}" if kind == "Agent" else number
        if _KEY.fullmatch(number) and key not in found and _names(number, name) and (
                kind == "Agent" or name not in taken):
            found[key] = name
    return found, twice


def _names(key: str, name: str) -> bool:
    """Whether this is a name: one that is a number or a telephone would make two extensions one person."""
    return bool(name) and name != key and not _NUMBER.fullmatch(name) and extension(name) is None and (
        name not in NOBODY and not name.startswith("Agent/"))


def _pairs(rows: "list[Row]") -> Iterator[tuple[str, str]]:
    for row in rows:
        key = str(row[0] or "")
        if _KEY.fullmatch(key):
            yield key, cleaned(row[1])


def _level(value: Any) -> bool:
    return str(value).isascii() and str(value).isdigit() and 0 < int(str(value)[:9]) <= 3600


def cleaned(value: Any) -> str:
    """A name in one line and of a bearable length, whatever was typed."""
    words = _BLANK.sub(" ", str(value or "")).strip()
    return words if len(words) <= LONGEST else words[:LONGEST - 1].rstrip() + "…"


# -- kept ------------------------------------------------------------------------------------------


def load(folder: Path) -> IssabelNames:
    """What was kept last; nothing when nothing was, or when it cannot be read."""
    try:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return IssabelNames(**{one.name: kept[one.name] for one in fields(IssabelNames)})
    except (OSError, ValueError, KeyError, TypeError):
        return IssabelNames()


def keep(folder: Path, fresh: IssabelNames, note: Callable[[str], None] = lambda _: None) -> IssabelNames:
    """Keeps names that differ from the kept ones, with a revision that no process has used; what is kept now. Several
    processes may do so at once. `note` gets what went wrong."""
    try:
        with (folder / f"{FILE}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = load(folder)
            if kept.same(fresh):
                return kept
            made = IssabelNames(**{**asdict(fresh), "revision": kept.revision + 1})
            aside = folder / f"{FILE}.new"
            with aside.open("w", encoding="utf-8") as file:
                json.dump(asdict(made), file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            aside.chmod(0o600)
            aside.replace(folder / FILE)
            return made
    except OSError as error:
        note(str(error))
        return IssabelNames(**{**asdict(fresh), "revision": fresh.revision + 1})

"""What Asterisk's call records say of a call: recordings, the dialled number, what was before and after the queue, and
calls back to a number that was lost.

A call of the queue log is found by its uniqueid, never by its date: on Issabel 4 the table has no other index, and a
read of all of it would hold up the telephone system. Several rows a call are one call.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from data import local_time
from data.mysql import Database, DatabaseError, Row, Value
from data.recording_names import epoch

COLUMNS = ("calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration",
           "billsec", "disposition", "uniqueid", "userfield", "recordingfile", "cnum", "did")
MOST = 500  # rows of one call: an hour in a queue of ten telephones that ring every ten seconds writes more
MOST_BACK = 50
MANY = 200  # callids in one question
SUFFIX = 9  # digits in which a dialled number and a caller's agree, whatever stands before them
SHORTEST = 7
_MENU = re.compile(r"ivr-(\d+)|app-announcement-(\d+)|(?:app-)?(?:daynight|timeconditions).*")
_TELEPHONE = re.compile(r"(?:SIP|PJSIP|IAX2|Local|DAHDI|SCCP)/(\d{2,6})(?:[-@&,]|$)")
_MEMBER = re.compile(r"Local/(\d+)@from-queue")
_SURVEY = re.compile(r"encuesta|survey", re.IGNORECASE)
_BOX = re.compile(r"\d+")
_MAILBOXES = {"VoiceMail", "VoiceMailMain"}
_HEARD = {"Read", "WaitExten", "Background", "BackGround", "Playback"}
_QUIET = {"Busy", "Congestion", "Hangup", "Goto", "GotoIf", "Set", "NoOp", "ExecIf", "Macro", "Gosub", "AGI", "System"}


@dataclass(frozen=True)
class Record:
    """One row. `start` epoch seconds (None for a date of zeros), `seconds` its length, `talked` those of them with
    somebody on the other side; `number` is what was dialled or reached."""

    start: int | None
    seconds: int
    talked: int
    answered: bool
    uniqueid: str
    linkedid: str
    source: str
    number: str
    context: str
    channel: str
    other: str
    app: str
    data: str
    did: str
    file: str


@dataclass(frozen=True)
class Part:
    """A stretch of a call outside of the queues. `kind`: menu, message, condition, extension, group, voicemail,
    outside, survey, other; `what` its number or name."""

    start: int
    seconds: int
    kind: str
    what: str
    talked: int = 0
    answered: bool = False


@dataclass(frozen=True)
class Back:
    """A call to the number of a lost caller: `agent` is the extension it was made from."""

    start: int
    seconds: int
    talked: int
    answered: bool
    extension: str
    number: str
    uniqueid: str


@dataclass(frozen=True)
class CallRecord:
    """What the records know of a call. `before`: seconds from the birth of its channel to the first queue (None where
    unknown); `parts` in the order of time; `backs` is None where nobody could look for calls back."""

    did: str = ""
    before: int | None = None
    parts: tuple[Part, ...] = ()
    files: tuple[str, ...] = ()
    backs: tuple[Back, ...] | None = None
    rows: int = 0


@dataclass
class Shape:
    """What the table of this server has: columns, and those that begin an index."""

    columns: frozenset[str] = frozenset()
    indexed: frozenset[str] = frozenset()
    engine: str = ""

    @property
    def linked(self) -> bool:
        return {"linkedid"} <= self.columns and "linkedid" in self.indexed

    @property
    def dated(self) -> bool:
        return "calldate" in self.indexed


@dataclass
class Cdr:
    """The records behind a database, whose times are local ones of `zone`."""

    database: Database
    zone: ZoneInfo
    shape: Shape | None = field(default=None, init=False)
    linked_by_events: bool | None = field(default=None, init=False)  # cel can be read, whose linkedid joins the legs

    @property
    def table(self) -> str:
        return f"{self.database.access.cdr}.cdr"

    def probe(self, trial: bool = False) -> Shape:
        """Looks at what the table has; `trial`: also while the server is away. DatabaseError."""
        base = self.database.access.cdr
        self.linked_by_events = None
        columns = self.database.ask("SELECT column_name FROM information_schema.columns "
                                    "WHERE table_schema = %s AND table_name = 'cdr'", (base,), trial=trial)
        found = frozenset(str(name).lower() for (name,) in columns)
        if not {"uniqueid", "calldate"} <= found:
            self.database.ask(f"SELECT uniqueid FROM {self.table} LIMIT 0", trial=trial)  # noqa: S608  says why
        keys = self.database.ask("SELECT column_name FROM information_schema.statistics WHERE table_schema = %s "
                                 "AND table_name = 'cdr' AND seq_in_index = 1", (base,), trial=trial)
        engine = self.database.ask("SELECT engine FROM information_schema.tables WHERE table_schema = %s "
                                   "AND table_name = 'cdr'", (base,), trial=trial)
        self.shape = Shape(found, frozenset(str(name).lower() for (name,) in keys),
                           str(engine[0][0] or "") if engine else "")
        return self.shape

    # -- questions -------------------------------------------------------------------------------

    def rows(self, callids: Iterable[str]) -> list[Record]:
        """Every row of the calls with these callids, and of their legs where the server knows them. DatabaseError."""
        shape = self.shape or self.probe()
        if "uniqueid" not in shape.indexed:  # a read of the whole table would hold up the telephone system
            return []
        wanted = [one for one in dict.fromkeys(callids) if epoch(one) is not None][:MANY]
        if not wanted:
            return []
        found = self._select(shape, f"uniqueid IN ({_marks(wanted)})", wanted)
        if shape.linked:
            found += self._select(shape, f"linkedid IN ({_marks(wanted)})", wanted)
        elif more := self._linked(wanted):
            found += self._select(shape, f"uniqueid IN ({_marks(more)})", more)
        unique = dict.fromkeys(found)
        return sorted((self._record(shape, row) for row in unique),
                      key=lambda one: (one.start is None, one.start or 0))

    def recordings(self, callids: Iterable[str]) -> list[str]:
        """Names of files as the rows hold them, `deleted` among them. DatabaseError."""
        return list(dict.fromkeys(one.file for one in self.rows(callids) if one.file))

    def call(self, callids: Sequence[str], enter: int, number: str | None, since: int | None, window: int,
             internal: Callable[[str], bool]) -> CallRecord:
        """The call with these callids. `enter`: second of its first queue; `number` and `since`: caller of a call that
        nobody answered and when it ended, whose calls back are looked for during `window` seconds; None: they are not.
        DatabaseError."""
        rows = self.rows(callids)
        born = [second for one in callids if (second := epoch(one)) is not None and 0 <= enter - second < 86_400]
        did = next((one.did for one in rows if one.did), "")
        backs = None if number is None or since is None else self.backs(number, since, window, internal)
        return CallRecord(did, enter - min(born) if born else None, tuple(parts(rows)),
                          tuple(dict.fromkeys(one.file for one in rows if one.file)), backs, len(rows))

    def backs(self, number: str, since: int, window: int, internal: Callable[[str], bool]) -> tuple[Back, ...] | None:
        """Calls from an extension to this number in the `window` seconds after `since`, in the order of time; None
        where the table has no index by which they could be found. DatabaseError."""
        shape = self.shape or self.probe()
        digits = re.sub(r"\D", "", number)
        if not shape.dated:
            return None
        if len(digits) < SHORTEST:
            return ()
        first, last = (dt.datetime.fromtimestamp(second, self.zone).strftime("%Y-%m-%d %H:%M:%S") for second in (
            since, since + window))
        rows = self._select(shape, "calldate >= %s AND calldate <= %s AND dst LIKE %s", (
            min(first, last), max(first, last), f"%{digits[-SUFFIX:]}"), MOST_BACK * 4)
        calls: dict[str, list[Record]] = {}
        for row in rows:
            one = self._record(shape, row)
            if one.start is not None and one.start >= since and re.fullmatch(r"\+?\d+", one.number):
                calls.setdefault(one.linkedid or one.uniqueid, []).append(one)
        found = [_back(many) for many in calls.values() if any(internal(one.source) for one in many)]
        return tuple(sorted(found, key=lambda one: one.start))[:MOST_BACK]

    # -- the table -------------------------------------------------------------------------------

    def _select(self, shape: Shape, where: str, values: Sequence[Value], most: int = MOST) -> list[Row]:
        names = ", ".join(name for name in (*COLUMNS, "linkedid") if name in shape.columns)
        return self.database.ask(f"SELECT {names} FROM {self.table} WHERE {where} LIMIT {most}",  # noqa: S608
                                 values, most=most)

    def _linked(self, callids: list[str]) -> list[str]:
        """Other channels of these calls by the channel events, where they are written and may be read."""
        if self.linked_by_events is False:
            return []
        try:
            found = self.database.ask(
                f"SELECT DISTINCT uniqueid FROM {self.database.access.cdr}.cel "  # noqa: S608
                f"WHERE linkedid IN ({_marks(callids)}) LIMIT {MANY}", callids, most=MANY)
        except DatabaseError:
            if self.database.problem:
                raise
            self.linked_by_events = False
            return []
        return [str(one) for (one,) in found if one and one not in callids]

    def _record(self, shape: Shape, row: Row) -> Record:
        names = [name for name in (*COLUMNS, "linkedid") if name in shape.columns]
        value = dict(zip(names, row, strict=False))

        def words(name: str) -> str:
            return str(value.get(name) or "").strip()

        def whole(name: str) -> int:
            said = value.get(name)
            return max(said, 0) if isinstance(said, int) else 0
        file = words("recordingfile") or _old_file(words("userfield"))
        return Record(
            local_time.second(words("calldate"), self.zone, near=epoch(words("uniqueid"))), whole("duration"),
            whole("billsec"), words("disposition").upper() == "ANSWERED", words("uniqueid"), words("linkedid"),
            words("cnum") or words("src"), words("dst"), words("dcontext"), words("channel"), words("dstchannel"),
            words("lastapp"), words("lastdata"), words("did"), file)


def _old_file(text: str) -> str:
    """Elastix wrote `audio:<file>` elsewhere."""
    return text if text.startswith("audio:") else ""


def _marks(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _back(rows: list[Record]) -> Back:
    first = min(rows, key=lambda one: one.start or 0)
    talked = max(one.talked if one.answered else 0 for one in rows)
    return Back(first.start or 0, max(one.seconds for one in rows), talked, talked > 0, first.source, first.number,
                first.uniqueid)


# -- what a row tells ------------------------------------------------------------------------------


def parts(rows: Iterable[Record]) -> list[Part]:
    """What the caller met outside of the queues, one stretch for rows that tell the same (a telephone that rings on
    two lines writes two)."""
    found: dict[tuple[int, str, str], Part] = {}
    for one in rows:
        kind, what = _kind(one)
        if one.start is None or not kind:
            continue
        fresh = Part(one.start, one.seconds, kind, what, one.talked, one.answered and one.talked > 0)
        before = found.setdefault((one.start, kind, what), fresh)
        if (fresh.answered, fresh.talked, fresh.seconds) > (before.answered, before.talked, before.seconds):
            found[one.start, kind, what] = fresh
    return sorted(found.values(), key=lambda part: part.start)


def _kind(one: Record) -> tuple[str, str]:
    """What kind of stretch a row is and its number; ("", "") for one that tells nothing."""
    menu = _MENU.fullmatch(one.context)
    if one.app == "Queue" or one.context.startswith(("from-queue", "ext-queues")):
        return "", ""  # the log tells it better
    if menu:
        return ("menu", menu[1]) if menu[1] else ("message", menu[2]) if menu[2] else ("condition", "")
    if one.app in _MAILBOXES:
        box = _BOX.match(one.data)
        return "voicemail", box[0] if box else one.number
    if one.context.startswith("ext-group"):
        return "group", one.number
    if one.app == "Dial":
        inside, member = _TELEPHONE.match(one.other), _MEMBER.match(one.channel)
        if member and inside and member[1] == inside[1]:
            return "", ""  # an agent is rung for the queue
        return ("extension", inside[1]) if inside else ("outside", one.number)
    if one.app in _HEARD:
        return ("survey" if _SURVEY.search(one.context) else "message"), ""
    return ("", "") if one.app in _QUIET or not one.app else ("other", one.app)

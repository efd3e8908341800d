"""Call detail records of the demonstration centre: the columns of Issabel 5's `cdr` table as CSV."""

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from data.demo_actors import Call, Try
from data.demo_recordings import recording_name

CDR_COLUMNS = ("calldate", "clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "duration",
               "billsec", "disposition", "amaflags", "accountcode", "uniqueid", "userfield", "recordingfile", "cnum",
               "cnam", "outbound_cnum", "outbound_cnam", "dst_cnam", "did", "linkedid", "peeraccount", "sequence")


def cdr_rows(call: Call, zone: ZoneInfo, first_sequence: int) -> list[tuple[object, ...]]:
    """The cdr rows of a call, in CDR_COLUMNS: one a ring of an agent, all with the caller's uniqueid, and the
    agent's own leg of an answered one. A caller nobody was rung for has a single row of Queue()."""
    trunk = "PJSIP/troncal" if call.did or call.caller == "anonymous" else f"PJSIP/{call.caller}"
    channel = f"{trunk}-{int(call.birth) & 0xffffff:08x}"
    rows: list[tuple[object, ...]] = []
    file = recording_name(call, zone)

    def add(start: float, destination: str, context: str, source: str, target: str, app: str, data: str,
            seconds: float, answered: bool, uniqueid: str, name: str) -> None:
        moment = dt.datetime.fromtimestamp(start, zone)
        length = max(0, round(seconds))
        rows.append((f"{moment:%Y-%m-%d %H:%M:%S}", f'"{call.caller}" <{call.caller}>', call.caller, destination,
                     context, source, target, app, data, length, length if answered else 0,
                     "ANSWERED" if answered else "NO ANSWER", 3, "", uniqueid, "", file, call.caller, "", "", "", name,
                     call.did, call.id, "", first_sequence + len(rows)))

    tries: Sequence[Try | None] = call.tries or (None,)
    for index, ring in enumerate(tries):
        queue = ring.queue if ring else call.last_queue
        start = call.birth if index == 0 or ring is None else ring.start
        if ring is None:
            add(start, queue, "ext-queues", channel, "", "Queue", f"{queue},t,,,,,,,,",
                call.left - start, True, call.id, "")
            continue
        extension, serial = ring.agent.extension, ring.channel.rpartition(".")[2]
        phone = f"PJSIP/{extension}-{int(serial) & 0xffffff:08x}"
        leg = phone if ring.agent.direct else f"Local/{extension}@from-queue-{int(serial) & 0xffffff:08x};1"
        add(start, queue, "ext-queues", channel, leg, "Queue", f"{queue},t,,,,,,,,",
            ring.start + ring.seconds - start, ring.answered, call.id, ring.agent.name)
        if ring.answered and not ring.agent.direct:
            add(ring.start, extension, "from-queue", leg[:-1] + "2", phone, "Dial", f"PJSIP/{extension},,trIb",
                ring.seconds, True, ring.channel, ring.agent.name)
    return rows


class Cdr:
    """cdr.csv of a folder, growing at its end."""

    def __init__(self, folder: Path, zone: ZoneInfo):
        self.path, self._zone, self._sequence = folder / "cdr.csv", zone, 1
        fresh = not self.path.exists()
        self._file = self.path.open("a", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        if fresh:
            self._writer.writerow(CDR_COLUMNS)

    def write(self, calls: Iterable[Call]) -> None:
        for call in calls:
            rows = cdr_rows(call, self._zone, self._sequence)
            self._sequence += len(rows)
            self._writer.writerows(rows)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

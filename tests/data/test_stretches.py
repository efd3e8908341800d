"""Several processes read one log: the answer is that of one process, wherever the borders fall."""

import datetime as dt
import gzip
import tempfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings

from data import analysis, blocks, demo, measures, stretches
from data.rules import Options
from tests.logs import logs

COLUMNS = measures.NEEDED | {"flags"}
UNTIL = dt.datetime(2026, 3, 31, 18, 30, tzinfo=ZoneInfo("America/Bogota"))
CALL = ("{0}|{0}.1|600|NONE|ENTERQUEUE||300|1\n{1}|{0}.1|600|Ana|CONNECT|5|{0}.2|3\n"
        "{2}|{0}.1|600|Ana|COMPLETECALLER|5|20|1\n")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 16_384)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made = demo.write(tmp_path_factory.mktemp("centre"), days=20, calls_per_day=100, seed=5, until=UNTIL, recordings=0)
    return [*sorted(made.rotated, key=lambda path: path.name.removesuffix(".gz")), made.queue_log]


def alone(paths: list[Path]) -> tuple[list, dict, int]:
    reading = analysis.Reading(Options(), COLUMNS)
    for events, bad in blocks.events(paths, False):
        reading.add(events, bad, people=False, named=False)
    return rows([*reading.parts, reading.open.legs]), dict(reading.rejected), reading.bad.count


def rows(tables: list[pa.Table]) -> list:
    table = pa.concat_tables(tables)
    return sorted(zip(*(table.column(name).to_pylist() for name in sorted(table.column_names)), strict=True))


def together(found: list[stretches.Stretch]) -> tuple[list, dict, int]:
    refused = sum((one.rejected for one in found), type(found[0].rejected)())
    return (rows([table for one in found for table in one.rows] + [found[-1].left.legs]), dict(refused),
            sum(one.unread.count for one in found))


@pytest.mark.parametrize("processes", [2, 3, 7])
def test_stretches_continue_one_another(files, processes):
    found = stretches.fold(files, Options(), COLUMNS, processes)
    assert found is not None and len(found) == processes
    assert together(found) == alone(files)


def test_the_end_of_a_compressed_file_is_a_border_too(files, tmp_path):
    packed = []
    for path in files:
        whole = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        packed.append(tmp_path / f"{path.name.removesuffix('.gz')}.gz")
        packed[-1].write_bytes(gzip.compress(whole))
    found = stretches.fold(packed, Options(), COLUMNS, 2)
    assert found is not None and together(found) == alone(files)


def test_a_call_that_never_ends_is_read_by_one_process(tmp_path):
    path = tmp_path / "queue_log"
    begun = "1700000000|1700000000.9|600|NONE|ENTERQUEUE||301|1\n"
    path.write_text(begun + "".join(CALL.format(t, t + 5, t + 25) for t in range(1700000100, 1700090000, 60)))
    assert path.stat().st_size > 6 * blocks.BLOCK
    assert stretches.fold([path], Options(), COLUMNS, 2) is None
    totals = analysis.analyze([path], sections=["totals"])["totals"]
    assert (totals["offered"], totals["answered"], totals["unknown"]) == (1500, 1499, 1)


def test_what_cannot_be_read_is_said_as_ever(files, tmp_path):
    broken = tmp_path / "queue_log.gz"
    broken.write_bytes(gzip.compress(files[-1].read_bytes())[:-200])
    with pytest.raises(analysis.Unreadable, match="queue_log.gz"):
        analysis.analyze([*files, broken], sections=["totals"])


@settings(max_examples=40, deadline=None)
@given(logs())
def test_any_log_gives_the_same_rows_or_none(log):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 300)
        path = Path(folder) / "queue_log"
        path.write_bytes(log)
        found = stretches.fold([path], Options(), COLUMNS, 2)
        assert found is None or together(found) == alone([path])



"""Mapped files of the history leave a process that has read them, and are read again as they are."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data import memory


def resident(path):
    """Kilobytes of a file's mapping that this process holds."""
    maps = Path("/proc/self/smaps").read_text()
    found = re.findall(rf"{re.escape(str(path))}\n(?:\w+: +\d+ kB\n)*?Rss: +(\d+) kB", maps)
    return sum(map(int, found))


def test_what_was_read_once_is_let_go(tmp_path):
    if not Path("/proc/self/smaps").exists():
        pytest.fail("this needs Linux")
    path, numbers = tmp_path / "segment.arrow", np.arange(1_000_000)
    table = pa.table({"n": numbers})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    with pa.memory_map(str(path), "r") as source:
        mapped = pa.ipc.open_file(source).read_all().column("n").chunk(0).to_numpy()
    assert int(mapped.sum()) == int(numbers.sum())
    assert resident(path) > 7000
    memory.let_go()
    assert resident(path) < 500
    assert np.array_equal(mapped, numbers)

"""Mapped files of the history leave a process that has read them, and are read again as they are."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data import memory
from tests.browsing import ROOT

THREADS = """
import re, threading
from pathlib import Path
from data import memory
import numpy as np, pyarrow as pa, pyarrow.compute as pc

def held():
    return int(re.search(r"Anonymous: +([0-9]+) kB", Path("/proc/self/smaps_rollup").read_text())[1]) // 1024

def work():
    numbers = pa.array(np.random.default_rng(1).integers(0, 1000, 500_000))
    for _ in range(5):
        pc.take(numbers, pc.sort_indices(numbers))
        pc.cast(numbers, pa.string())
    del numbers
    done.wait()
    done.wait()

memory.share()
done, before = threading.Barrier(9), held()
for _ in range(8):
    threading.Thread(target=work).start()
done.wait()
memory.give_back()
print(held() - before)
done.wait()
"""


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


def test_what_many_threads_have_needed_goes_back_to_the_machine():
    """The threads are still there: with Arrow's own pool they would go on holding 250 MB with nothing in them."""
    done = subprocess.run([sys.executable, "-c", THREADS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100

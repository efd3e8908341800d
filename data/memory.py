"""The C library gives memory back after every block of the log and takes it again, a page at a time, for the next one:
half of the time of reading. While a log is read in bulk it had better keep it. And who reads a whole history once
holds all of its mapped files in the end, which others need more."""

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

_TRIM, _MMAP = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of glibc's malloc.h
KEPT, LARGE = 128 * 2**20, 64 * 2**20
_ARROWS = pa.default_memory_pool()

_MAPS, _DONTNEED = Path("/proc/self/maps"), 4  # MADV_DONTNEED of Linux
_MAPPED = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r--. .*\.(?:arrow|npy)$", re.MULTILINE)


def keep() -> None:
    """Memory that is let go stays with this process, up to KEPT bytes. Nothing where the C library is not glibc."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_TRIM, KEPT)
        libc.mallopt(_MMAP, LARGE)
        pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own gives back what is not used for a moment


def give_back() -> None:
    """What was kept returns to the machine."""
    pa.set_memory_pool(_ARROWS)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


@contextmanager
def kept() -> Iterator[None]:
    """Kept while it is useful, given back afterwards."""
    keep()
    try:
        yield
    finally:
        give_back()


def let_go() -> None:
    """The stored history that is mapped here leaves this process; what is read again comes back by itself, mostly from
    the machine's cache. Nothing where the system is not Linux."""
    libc = ctypes.CDLL(None)
    for found in _MAPPED.finditer(_MAPS.read_text() if _MAPS.exists() else ""):
        start, end = (int(word, 16) for word in found.groups())
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)

"""The C library gives memory back after every block of the log and takes it again, a page at a time, for the next one:
half of the time of reading. While a log is read in bulk it had better keep it."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM, _MMAP = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of glibc's malloc.h
KEPT, LARGE = 128 * 2**20, 64 * 2**20


def keep() -> None:
    """Memory that is let go stays with this process, up to KEPT bytes. Nothing where the C library is not glibc."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_TRIM, KEPT)
        libc.mallopt(_MMAP, LARGE)


def give_back() -> None:
    """What was kept returns to the machine."""
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

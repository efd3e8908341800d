"""What a process holds of the machine's memory. The C library gives it back after every block of the log and takes it
again, a page at a time, for the next one: half of the time of reading; while a log is read in bulk it had better keep
it. Who answers for years with many threads holds what each of them needed once, hundreds of megabytes in the end, with
nothing in them. And who reads a whole history once holds all of its mapped files, which others need more."""

import ctypes
import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIM, _MMAP, _ARENAS = -1, -3, -8  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX of glibc's malloc.h
KEPT, LARGE, ARENAS = 128 * 2**20, 64 * 2**20, 2

_MAPS, _DONTNEED = Path("/proc/self/maps"), 4  # MADV_DONTNEED of Linux
_MAPPED = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r--. .*\.(?:arrow|npy)$", re.MULTILINE)


@contextmanager
def unsearched() -> Iterator[None]:
    """While modules are imported nobody looks for garbage among them, and later neither: there is none, and the search
    is a sixth of what a command needs to begin."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def ending() -> None:
    """The process ends: what is left in it need not be looked through for garbage."""
    gc.freeze()


def share() -> None:
    """All threads take from the same few heaps, of which each takes 64 MB of addresses. For who serves; `give_back` now
    and then does the rest. Nothing where the C library is not glibc."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_ARENAS, ARENAS)


def keep() -> None:
    """Memory that is let go stays with this process, up to KEPT bytes. Nothing where the C library is not glibc."""
    share()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_TRIM, KEPT)
        libc.mallopt(_MMAP, LARGE)


def give_back() -> None:
    """What was kept returns to the machine."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def let_go() -> None:
    """The stored history that is mapped here leaves this process; what is read again comes back by itself, mostly from
    the machine's cache. Nothing where the system is not Linux."""
    libc = ctypes.CDLL(None)
    for found in _MAPPED.finditer(_MAPS.read_text() if _MAPS.exists() else ""):
        start, end = (int(word, 16) for word in found.groups())
        libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)

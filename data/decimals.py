"""Decimal numbers cut out of a block of bytes, many at once."""

import numpy as np

Ints = np.ndarray
Bools = np.ndarray

FEW = 64  # numbers that are read sooner one by one than all at once
MOST, BLANKS = 18, 4  # digits, and blanks on either side of them


def digits(buffer: np.ndarray, starts: Ints, ends: Ints) -> tuple[Ints, Bools]:
    """Whole numbers written in decimal at these places: int64 values and which of them are numbers.

    At most 18 digits, so that the value always fits; blanks around the digits are allowed.
    """
    if len(starts) <= FEW:
        return _one_by_one(buffer, starts, ends)
    length = ends - starts
    if len(buffer) < 8:
        value, good = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=bool)
    else:
        # Eight digits at a time: the block is looked at as numbers of eight bytes that begin at every byte.
        words = np.ndarray(len(buffer) - 7, np.dtype("<u8"), np.ascontiguousarray(buffer), strides=(1,))
        low = np.where(length > 8, length - 8, length)
        good = (length > 0) & (low <= 8) & (ends >= 8)
        value, fine = _eight(words[np.maximum(ends, 8) - 8], np.minimum(low, 8))
        good &= fine
        long = np.flatnonzero(good & (length > 8))
        if len(long):
            chosen = slice(None) if len(long) == len(good) else long  # epochs are all long
            high, fine = _eight(words[starts[chosen]])
            value[chosen] += high * _TENS[low[chosen]]
            good[chosen] &= fine
    rest = np.flatnonzero(~good & (length > 0))
    if len(rest):
        value[rest], good[rest] = _slowly(buffer, starts[rest], ends[rest])
    return np.where(good, value, 0), good


_ZEROS, _CARRY, _HIGH = (np.uint64(byte * 0x0101010101010101) for byte in (0x30, 0x76, 0x80))
_PAIRS, _BYTE, _TWO, _FOUR = np.uint64(0x000000FF000000FF), np.uint64(8), np.uint64(16), np.uint64(32)
_TENS = 10 ** np.arange(9)


def _eight(words: np.ndarray, length: Ints | None = None) -> tuple[Ints, Bools]:
    """The number that the last `length` (0-8, default all) bytes of each word spell, and whether they are digits."""
    digit = words ^ _ZEROS
    if length is not None:  # the bytes before the number count as leading zeros
        shift = ((8 - length) * 8).astype(np.uint64)
        digit >>= shift
        digit <<= shift
    good = ((digit + _CARRY) | digit) & _HIGH == 0
    pairs = digit * np.uint64(10)
    digit >>= _BYTE
    pairs += digit
    late = pairs >> _TWO
    late &= _PAIRS
    late *= np.uint64(0x0000271000000001)
    pairs &= _PAIRS
    pairs *= np.uint64(0x000F424000000064)
    pairs += late
    pairs >>= _FOUR
    return pairs.view(np.int64), good


def _one_by_one(buffer: np.ndarray, starts: Ints, ends: Ints) -> tuple[Ints, Bools]:
    value, good = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=bool)
    body = np.ascontiguousarray(buffer).data
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        text = bytes(body[start:end])
        if not text.isdigit():
            left = text.lstrip(b" ")
            right = left.rstrip(b" ")
            if max(len(text) - len(left), len(left) - len(right)) > BLANKS:
                continue
            text = right
        if text.isdigit() and len(text) <= MOST:
            value[i], good[i] = int(text), True
    return value, good


def _slowly(buffer: np.ndarray, starts: Ints, ends: Ints) -> tuple[Ints, Bools]:
    """The same for what is not plain digits or longer than sixteen of them, a digit of all at a time."""
    starts, ends = starts.copy(), ends.copy()
    filled = ends > starts
    for _ in range(BLANKS):
        lead = filled & (buffer[np.minimum(starts, len(buffer) - 1)] == 32)
        trail = filled & (buffer[np.maximum(ends - 1, 0)] == 32)
        if not lead.any() and not trail.any():
            break
        starts[lead] += 1
        ends[trail & (ends > starts)] -= 1
        filled = ends > starts
    length = ends - starts
    good = (length > 0) & (length <= MOST)
    value = np.zeros(len(starts), dtype=np.int64)
    for position in range(int(length[good].max()) if good.any() else 0):
        active = good & (position < length)
        digit = buffer[np.minimum(starts + position, len(buffer) - 1)].astype(np.int64) - 48
        good &= ~active | ((digit >= 0) & (digit <= 9))
        value = np.where(active, value * 10 + digit, value)
    return value, good

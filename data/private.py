"""Telephone numbers for eyes that may not see them: told from one another, but not to be dialled.

What is masked is masked for every purpose: a list is searched and ordered by what the reader sees of a number and by
nothing else, so that no answer depends on a hidden digit and asking often reveals none.
"""

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

SHORT = 7  # characters from which on a number is hidden; extensions are shorter
COLUMNS = frozenset({"caller", "caller_orig", "caller_name", "transfer_to"})  # of a leg: what may hold a number
# Digits as people write them: +1 (555) 010-9999, 300 111 22 33.
_NUMBER = re.compile(r"\+?\(?\d(?:[ ().-]{0,2}\d){6,}")
_CHANNEL = re.compile(r"(?:\d+-)?[12]\d{9}\.\d+")  # an identifier of Asterisk begins with the second it was made
_DIGIT = re.compile(r"\d")


def masked(number: str) -> str:
    """987***321. Words such as anonymous stay."""
    return f"{number[:3]}***{number[-3:]}" if len(number) >= SHORT and _DIGIT.search(number) else number


def column(texts: pa.Array, name: str) -> pa.Array:
    """A column of legs (one of COLUMNS) as it may be shown. Of people's names only those that are a number."""
    stars, nothing = (pa.scalar(word, texts.type) for word in ("***", ""))
    covered = pc.binary_join_element_wise(pc.utf8_slice_codeunits(texts, 0, 3), stars,
                                          pc.utf8_slice_codeunits(texts, -3, None), nothing)
    digits = r"\d(?:[^\d]{0,2}\d){6,}" if name == "caller_name" else r"\d"
    hide = pc.and_(pc.greater_equal(pc.utf8_length(texts), SHORT), pc.match_substring_regex(texts, digits))
    return pc.if_else(hide, covered, texts)


def text(line: str, known: Iterable[str] = ()) -> str:
    """A text without numbers: those `known` to be one, and whatever looks like one."""
    for number in sorted(set(known), key=len, reverse=True):
        if len(number) >= SHORT:
            line = line.replace(number, masked(number))
    return _NUMBER.sub(lambda found: found[0] if _CHANNEL.fullmatch(found[0]) else masked(found[0]), line)

"""A process of its own that turns figures into SVG with one Chromium, started with the first and kept.

The library's own server mixes up answers between threads, does not outlive a fork or the end of its browser, and waits
for ever where there is none; a pipe to a process that does one after the other has none of these troubles. Started by
`render.pictures`, by path: it needs nothing of the house. Messages are a length of four bytes and that many bytes.
"""

import asyncio
import json
import os
import struct
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, BinaryIO

FONT = Path(__file__).parent / "fonts" / "Inter-Regular.ttf"
# The browser measures texts with the font that the PDF has, loaded before the first figure comes.
STYLE = (f'<style>@font-face{{font-family:"Inter";src:url("{FONT.as_uri()}")}}</style>')
LOADED = '<span style="font-family:Inter;visibility:hidden">0</span>'


def receive(pipe: BinaryIO) -> bytes | None:
    """The next message; None when nobody is there any more."""
    head = pipe.read(4)
    return pipe.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


def send(pipe: BinaryIO, status: bytes, body: bytes) -> None:
    pipe.write(struct.pack(">I", len(body) + 1) + status + body)
    pipe.flush()


async def started(stack: AsyncExitStack) -> Any:
    """The library with its browser running, until the stack ends."""
    import kaleido

    class Page(kaleido.PageGenerator):
        header = kaleido.PageGenerator.header + STYLE
        footer = kaleido.PageGenerator.footer.replace("<img", LOADED + "<img")

    return await stack.enter_async_context(kaleido.Kaleido(n=1, timeout=50, page_generator=Page(mathjax=False)))


async def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the answers
    library = None
    async with AsyncExitStack() as stack:
        while (message := await asyncio.to_thread(receive, sys.stdin.buffer)) is not None:
            asked = json.loads(message)
            try:
                library = library or await started(stack)
                found = await library.calc_fig(asked["figure"], opts={
                    "format": "svg", "width": asked["width"], "height": asked["height"]})
            except Exception as error:
                send(answers, b"N" if type(error).__name__ == "ChromeNotFoundError" else b"E", str(error).encode())
            else:
                send(answers, b"S", found)


if __name__ == "__main__":
    asyncio.run(main())

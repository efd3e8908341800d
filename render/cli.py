"""The commands that make reports: `report`, and `exports`, which the server starts for itself."""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from data.cli import current, fail

# As in data.reports and render.exports, which take long to import: a test compares them.
TYPES = ("general", "calls", "queues", "agents", "daily", "hourly", "intervals", "events")
FORMATS = ("excel", "pdf", "csv")
OPTIONS = {"start_date": "start", "end_date": "end"}
NICE = 10  # who watches the live page comes first


def letterhead(settings: Any) -> Any:
    """Company, logo and paper of an installation."""
    from render.exports import Letterhead
    return Letterhead(settings.COMPANY_NAME, settings.COMPANY_LOGO, settings.PAPER_SIZE)


def register(main: click.Group, settings: Callable[..., Any], store: Callable[[Any], Any]) -> None:
    """Adds the commands to `main`. `settings(**values)` are those of this installation, some of them given; `store
    (settings)` opens its store; both are called only when a command runs."""

    @main.command()
    @click.argument("kind", metavar="TYPE", type=click.Choice(TYPES))
    @click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
    @click.option("--start", "start_date", required=True, help="First local day, YYYY-MM-DD.")
    @click.option("--end", "end_date", required=True, help="Last local day, included.")
    @click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
    @click.option("--queue", multiple=True, help="Only this queue; may be repeated.")
    @click.option("--agent", multiple=True, help="Only this agent; may be repeated.")
    @click.option("--origin", help="external (default), internal or all.")
    @click.option("--interval", help="Minutes of an interval: 15, 30 or 60.")
    @click.option("--filter", "narrow", multiple=True, metavar="NAME=VALUE",
                  help="Any other filter of the list of calls, such as outcome=abandoned; may be repeated.")
    @click.option("--lang", help="es or en; the language of the installation without it.")
    @click.option("--paper", help="a4 or letter.")
    @click.option("--separator", help="Of a CSV: comma, semicolon or tab.")
    @click.option("--unit", help="Of the list of calls: legs or calls.")
    def report(kind: str, form: str, out: Path, narrow: tuple[str, ...], **given: Any) -> None:
        """Writes the report TYPE as FORMAT into a file, the same that the page and the API give."""
        from data.filters import BadFilter
        from render import exports, pdf
        from render.pictures import Pictures

        values = {name: list(value) if isinstance(value, tuple) else [value] for name, value in given.items() if value}
        for pair in narrow:
            name, _, value = pair.partition("=")
            values.setdefault(name, []).append(value)
        chosen, pictures = settings(), Pictures()
        held = current(store(chosen))
        view = held.view()
        try:
            asked = exports.asked(kind, form, values, view.today(), chosen.LANGUAGE)
            missing = exports.write(view, asked, out, letterhead(chosen), pictures)
        except BadFilter as error:
            fail(f"--{OPTIONS.get(error.parameter, error.parameter)}: {error.reason}.")
        except pdf.TooLong as error:
            fail(str(error).format(most=f"{pdf.MOST:,}"))
        except OSError as error:
            fail(f"{out}: {error.strerror or error}.")
        else:
            for title, reason in missing:
                click.echo(f"{title}: {reason}", err=True)
        finally:
            pictures.close()
            held.book.close()

    @main.command(hidden=True)
    def exports() -> None:
        """Works on what was asked for until there is nothing left. Settings come as JSON on the standard input."""
        from data.jobs import Jobs

        chosen, parent = settings(**json.load(sys.stdin)), os.getppid()
        os.nice(NICE)
        made = Lazy(chosen, store)
        try:
            Jobs(chosen.DATA_DIR / "exports").work(made, stop=lambda: os.getppid() != parent)
        finally:
            made.close()


class Lazy:
    """The maker of files, built with the first job: who does not get the lock has loaded nothing."""

    def __init__(self, settings: Any, store: Callable[[Any], Any]):
        self.settings, self.open = settings, store
        self._make: Any = None
        self._pictures: Any = None
        self._guard = threading.Lock()

    def __call__(self, values: dict[str, Any], out: Path, progress: Callable[[int, int], None]) -> Any:
        with self._guard:
            self._make = self._make or self._built()
        return self._make(values, out, progress)

    def close(self) -> None:
        if self._pictures:
            self._pictures.close()

    def _built(self) -> Any:
        from data.recordings import Recordings
        from render import exports
        from render.pictures import Pictures

        held, self._pictures = self.open(self.settings), Pictures()
        held.recorded = Recordings(self.settings.RECORDINGS_DIR, held.site.zone).callids

        def view(queues: frozenset[str] | None, numbers: bool) -> Any:
            held.refresh()
            held.book.unlock()  # whoever follows the log goes on doing so
            return held.view(queues, numbers)
        return exports.maker(view, letterhead(self.settings), self._pictures)

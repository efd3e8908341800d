"""The commands that read logs and the store: analyze, demo, doctor, dump, health, ingest."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from data import memory


class Unwanted:  # not derived from importlib.abc, whose import alone takes longer than some answers
    """pyarrow imports pandas, if it can, with the first array it makes: half a second that some commands do without."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not needed here")


def fail(words: str) -> None:
    """One sentence on the error output, and exit code 2."""
    click.echo(words, err=True)
    sys.exit(2)


def hindrance(store: Any) -> str:
    """What hinders the store, as a sentence; "" where nothing does."""
    about = store.detail or store.follower.path
    return store.problem and (f"{store.problem}: {about}." if about else f"{store.problem}.")


def current(store: Any) -> Any:
    """The store, up to date. What hinders it is said; the end where nothing at all is known for that reason."""
    store.refresh()
    words = hindrance(store)
    if words and not store.counts()["lines"]:
        fail(words)
    if words:
        click.echo(words, err=True)
    return store


def register(main: click.Group, settings: Callable[[], Any], store: Callable[[Any], Any],
             examined: Callable[[Any], Any]) -> None:
    """Adds the commands to `main`. `settings()` are those of this installation, `store(settings)` opens its store,
    `examined(settings)` are the findings of the doctor; all are called only when a command runs."""

    @main.command()
    @click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
    @click.option("--as-of", type=int, help="Epoch of 'now'; by default the newest line.")
    @click.option("--options", "given", default="{}", help="Options as a JSON object.")
    @click.option("--sections", help="Parts of the answer, separated by commas.")
    def analyze(files: tuple[Path, ...], as_of: int | None, given: str, sections: str | None) -> None:
        """Analyses log files, oldest first, and prints JSON."""
        if sections and "agents" not in sections.split(","):
            sys.meta_path.insert(0, Unwanted())
        with memory.unsearched():
            from data import analysis
            from data.rules import BadOptions, Options

        wanted = sections.split(",") if sections else list(analysis.SECTIONS)
        unknown = [name for name in wanted if name not in analysis.SECTIONS]
        if unknown:
            fail(f"--sections: {', '.join(unknown)} is not one of {', '.join(analysis.SECTIONS)}.")
        try:
            answer = analysis.analyze(files, as_of=as_of, options=Options.read(json.loads(given)), sections=wanted)
        except (BadOptions, json.JSONDecodeError) as error:
            fail(f"--options: {error}.")
        except analysis.Unreadable as error:
            fail(str(error))
        else:
            found = {name: answer[name] for name in analysis.SECTIONS if name in wanted}
            json.dump(found, sys.stdout, ensure_ascii=False)
            sys.stdout.write("\n")
            memory.ending()

    @main.command()
    @click.option("--once", is_flag=True, help="Ends when everything that is there has been read.")
    @click.option("--json", "as_json", is_flag=True, help="Prints lines, rejected, legs, seconds and version as JSON.")
    def ingest(once: bool, as_json: bool) -> None:
        """Brings the store up to date with the log, and keeps it so."""
        sys.meta_path.insert(0, Unwanted())
        with memory.unsearched():
            chosen = settings()
            book, began, told = store(chosen), time.monotonic(), 0.0

        def tell(done: Any) -> None:
            nonlocal told
            if not as_json and time.monotonic() - told >= 1:
                told = time.monotonic()
                click.echo(f"{done.lines:,} lines read", err=True)

        while True:
            try:
                read = book.refresh(tell)
                while book.refresh(tell).chunks:
                    pass
                book.settle()
            except MemoryError as error:
                fail(f"There is too little memory to read the log: {error}. What was read so far is kept.")
            if once:
                break
            if read.lines and not as_json:
                click.echo(f"{book.counts()['lines']:,} lines, {book.counts()['legs']:,} legs")
            time.sleep(chosen.REFRESH_SECONDS)
        found = {**book.counts(), "seconds": round(time.monotonic() - began, 3)}
        if book.problem:
            fail(hindrance(book))
        words = "{lines:,} lines ({rejected:,} rejected), {legs:,} legs, {seconds} s"
        click.echo(json.dumps(found) if as_json else words.format(**found))
        memory.ending()

    @main.command()
    @click.argument("table", type=click.Choice(["events", "legs", "attempts", "sessions", "pauses"]))
    @click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First local day.")
    @click.option("--end", type=click.DateTime(["%Y-%m-%d"]), help="Last local day, included.")
    @click.option("--format", "kind", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
    @click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File; by default standard output.")
    def dump(table: str, start: Any, end: Any, kind: str, out: Path | None) -> None:
        """Writes TABLE from the store."""
        from data import dump as dumps

        if kind == "parquet" and out is None:
            fail("--out: parquet needs a file.")
        try:
            dumps.write(current(store(settings())), table, start and start.date(), end and end.date(), kind, out)
        except dumps.Refused as error:
            fail(f"{error}")

    @main.command()
    @click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
    @click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3660))
    @click.option("--calls-per-day", default=400, show_default=True, type=click.IntRange(1, 100_000))
    @click.option("--seed", default=1, show_default=True, type=int)
    def demo(folder: Path, days: int, calls_per_day: int, seed: int) -> None:
        """Writes a reproducible demonstration center into FOLDER: log, rotated copies, recordings, CDR rows."""
        from data import demo as centres

        try:
            made = centres.write(folder, days=days, calls_per_day=calls_per_day, seed=seed)
        except (OSError, ValueError) as error:
            fail(f"{folder}: {error}.")
        else:
            click.echo(f"{made.calls} calls of {made.days} days in {made.lines} lines: {made.queue_log}")

    @main.command()
    @click.option("--timeout", default=5.0, show_default=True, type=click.FloatRange(0.1, 60), help="Seconds to wait.")
    def health(timeout: float) -> None:
        """Asks the running service how it is: exit code 0 while it answers, also hindered; 1 when it is down."""
        from data import asking

        chosen = settings()
        found = asking.health(chosen.SERVER_HOST, chosen.SERVER_PORT, chosen.URL_PREFIX, timeout)
        click.echo(found.words)
        sys.exit(found.status == "down")

    @main.command()
    def doctor() -> None:
        """Examines log, names, recordings, databases and folders: a line each, with the command that mends it."""
        from data import doctor as doctors
        from data.finding import NOTE, WRONG, spoken

        chosen = settings()
        doctors.as_owner(chosen.DATA_DIR)
        found = examined(chosen)
        for one in found:
            sign = {WRONG: "WRONG", NOTE: "NOTE "}.get(one.level, "OK   ")
            more = f" [{' · '.join(one.samples[:2])}]" if one.samples else ""
            click.echo(f"{sign} {spoken(chosen.LANGUAGE, one)}{more}" + (f"  ->  {one.command}" if one.command else ""))
        sys.exit(any(one.level == WRONG for one in found))

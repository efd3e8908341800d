"""A report as a file: what was asked, as plain values that travel between processes, and the file that comes of it."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.call_filters import CallFilters, parse, sort
from data.calls import NEWEST
from data.filters import BadFilter
from data.jobs import Cancelled, Job, Refused, Result
from data.reports import SORTS, TYPES, UNITS
from i18n import LANGUAGES, number, text
from render import csv, excel, pdf
from render.pictures import Pictures
from render.reports import Report, name, report

ENDINGS = {"excel": "xlsx", "pdf": "pdf", "csv": "csv"}
MEDIA = {"excel": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "pdf": "application/pdf",
         "csv": "text/csv"}
# A year of quarters of an hour.
MOST_INTERVALS = 366 * 96
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Letterhead:
    """What an installation puts on its reports: name, picture, and the paper it prints on (a4 or letter)."""

    company: str = ""
    logo: Path | None = None
    paper: str = "a4"


@dataclass(frozen=True)
class Asked:
    """One export: what it is about, in which form, and whose eyes it is for (`queues` None means all)."""

    type: str
    form: str
    filters: CallFilters
    lang: str
    queues: frozenset[str] | None = None
    numbers: bool = True
    paper: str = ""
    separator: str = ""
    unit: str = "legs"
    sort: str = ""

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        filters: dict[str, list[str]] = {}
        for key, value in self.filters.pairs():
            filters.setdefault(key, []).append(value)
        return {**vars(self), "filters": filters, "queues": None if self.queues is None else sorted(self.queues)}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Asked":
        queues = values["queues"]
        return cls(**{**values, "filters": parse(values["filters"], dt.date(2000, 1, 1)),
                      "queues": None if queues is None else frozenset(queues)})

    @property
    def name(self) -> str:
        return name(self.lang, self.type, self.filters, ENDINGS[self.form])


def asked(kind: str, form: str, values: Mapping[str, list[str]], today: dt.date, lang: str,
          queues: frozenset[str] | None = None, numbers: bool = True) -> Asked:
    """An export as a query string asks for it; BadFilter names what cannot be understood."""
    def one(key: str, known: Any = None) -> str:
        given = values.get(key) or [""]
        if len(given) > 1:
            raise BadFilter(key, "given more than once")
        if given[0] and known is not None and given[0] not in known:
            raise BadFilter(key, "is not one of those there are")
        return given[0]

    for key, value, known in (("type", kind, TYPES), ("format", form, ENDINGS)):
        if value not in known:
            raise BadFilter(key, "is not one of those there are")
    filters = parse(values, today)
    if kind == "intervals" and filters.days * 24 * 60 // filters.interval > MOST_INTERVALS:
        raise BadFilter("interval", "is too short for so many days; ask for fewer of them")
    unit, order = one("unit", UNITS) or "legs", one("sort")
    sort(order, SORTS[UNITS[unit]])
    return Asked(kind, form, filters, one("lang", LANGUAGES) or lang, queues, numbers, one("paper", pdf.SIZES),
                 one("separator", csv.SEPARATORS), unit, order)


def made_of(view: Any, what: Asked, letterhead: Letterhead, drawn: bool = True) -> Report:
    """The report that was asked for, made now."""
    return report(view, what.lang, what.type, what.filters, letterhead.company, view.now().replace(
        second=0, microsecond=0), drawn=drawn, unit=what.unit, sort=sort(what.sort, SORTS[UNITS[what.unit]]) or NEWEST)


def lines(view: Any, what: Asked, letterhead: Letterhead) -> Iterator[bytes]:
    """The CSV, piece by piece."""
    return csv.write(made_of(view, what, letterhead, drawn=False).parts[0], what.lang, what.separator or None)


def write(view: Any, what: Asked, out: Path, letterhead: Letterhead, pictures: Pictures,
          progress: Progress = lambda done, whole: None) -> list[tuple[str, str]]:
    """Writes the file; title and reason (English message id) of pictures that are missing in it."""
    if what.form == "csv":
        with out.open("wb") as file:
            file.writelines(lines(view, what, letterhead))
        return []
    found = made_of(view, what, letterhead, drawn=what.form == "pdf")
    paper = what.paper or letterhead.paper
    if what.form == "excel":
        excel.write(found, out, letterhead.logo, progress, paper=paper)
        return []
    return pdf.write(found, out, pictures, paper, letterhead.logo, progress)


def maker(view: Callable[[frozenset[str] | None, bool], Any], letterhead: Letterhead,
          pictures: Pictures) -> Callable[[dict[str, Any], Path, Progress], Result]:
    """What `data.jobs` calls for each job; `view(queues, numbers)` is brought up to date by it."""
    def make(values: dict[str, Any], out: Path, progress: Progress) -> Result:
        what = Asked.read(values)
        try:
            notes = write(view(what.queues, what.numbers), what, out, letterhead, pictures, progress)
        except pdf.TooLong as error:
            raise Refused(str(error), most=number(what.lang, pdf.MOST)) from None
        except BadFilter as error:
            raise Refused("{parameter} {reason}", parameter=error.parameter, reason=error.reason) from None
        return Result(what.name, notes)
    return make


def told(job: Job, lang: str) -> dict[str, Any]:
    """A job in the reader's words, for JSON."""
    problem = job.problem
    return {"id": job.id, "type": job.asked["type"], "format": job.asked["form"], "state": job.state,
            "rows": job.done, "rows_total": job.whole, "share": round(job.done / job.whole, 4) if job.whole else None,
            "name": Asked.read(job.asked).name, "size": job.size,
            "notes": [f"{title}: {text(lang, reason)}" for title, reason in job.notes],
            "problem": text(lang, problem["words"], **problem.get("values", {})) if problem else ""}


__all__ = ["Asked", "Cancelled", "Letterhead", "asked", "lines", "maker", "told", "write"]

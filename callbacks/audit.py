"""The audit: its lines as the address asks for them, for how long they are kept, and whether none was changed."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode

from dash import Input, Output, State
from dash.exceptions import PreventUpdate

from auth import audit, keeping
from auth.audit import Wanted
from callbacks.shell import changed
from i18n import moment, number, text
from layouts import audit as page
from layouts import shell
from layouts.audit import FIELDS, ids
from layouts.users import saved, wrong
from render import addresses
from render import audit as words

PER_PAGE = 100
Site = Mapping[str, Any]


def asked(query: str, zone: dt.tzinfo) -> tuple[Wanted, str, int | None]:
    """What the address asks for, the group of lines, and the line to go on from; what cannot be understood is
    passed over, and is not in the form then."""
    given = {name: values[0] for name, values in parse_qs(query).items()}
    group = given.get("kind", "")
    kinds = words.GROUPS[int(group)][1] if group in map(str, range(len(words.GROUPS))) else ()
    since, until = (_midnight(given.get(name, ""), zone, later) for name, later in (("from", 0), ("to", 1)))
    before = given.get("before", "")
    return (Wanted(given.get("who", "").strip(), kinds, given.get("address", "").strip(),
                   given.get("target", "").strip(), since, until), group if kinds else "",
            int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None)


def _midnight(word: str, zone: dt.tzinfo, later: int) -> float | None:
    try:
        day = dt.date.fromisoformat(word) + dt.timedelta(days=later)
        return dt.datetime.combine(day, dt.time(), zone).timestamp()
    except (ValueError, OverflowError):
        return None


def show_lines(view: Callable, who: Callable, door: Callable, filters: Site | None, done: Any) -> dict:
    """A page of the audit."""
    if not isinstance(filters, Mapping) or not isinstance(filters.get("query"), str):
        raise PreventUpdate
    now, lang, query = view(), who().language, filters["query"]
    wanted, group, before = asked(query, now.zone)
    with door().users.reading() as session:
        found = list(audit.search(session, wanted, PER_PAGE + 1, before))
        total = audit.count(session, wanted)
    rest = found[PER_PAGE:]
    found = found[:PER_PAGE]
    rows = [(one.id, moment(lang, now.moment(one.at)), one.username or "—", one.address, words.label(lang, one.action),
             one.target, words.detail(lang, one)) for one in found]
    base = addresses.page(door().prefix, "/users/audit")

    def href(**values: str | None) -> str:
        told = changed(query, **values)
        return f"{base}?{told}" if told else base
    return {
        "chips": page.chips(lang, {name: href(kind=name or None, before=None) for name in (
            "", *map(str, range(len(words.GROUPS))))}, group),
        "list": page.lines(lang, rows, [words.kind(one.action) for one in found], total,
                           export(door().prefix, query, wanted), href(before=str(found[-1].id)) if rest else None,
                           href(before=None) if before else None)}


def export(prefix: str, query: str, wanted: Wanted) -> str:
    """The address of the same lines as CSV, with the names of the API."""
    given = {name: values[0].strip() for name, values in parse_qs(query).items() if name in FIELDS}
    pairs = [(said, given[name]) for name, said in (("who", "user"), ("address", "address"), ("target", "target"),
                                                    ("from", "start_date"), ("to", "end_date")) if given.get(name)]
    return addresses.page(prefix, "/api/audit/export", urlencode([*pairs, *(("action", a) for a in wanted.actions)]))


def show_keeping(who: Callable, door: Callable, done: Any) -> list:
    """For how long lines are kept."""
    return page.keep(who().language, int(door().users.setting(keeping.RETENTION, keeping.DAYS)))


def save(who: Callable, door: Callable, address: Callable, clicks: Any, days: Any) -> dict:
    """Keeps the choice; what is older goes at once."""
    if not clicks or type(days) is not int or not keeping.FEWEST <= days <= keeping.MOST:
        raise PreventUpdate
    gone, lang = keeping.retain(door().users, days, by=who(), address=address()), who().language
    return {"said": saved(text(lang, "Saved. Lines removed: {count}.", count=number(lang, gone))),
            "done": {"days": days, "click": clicks}}


def check(who: Callable, door: Callable, clicks: Any) -> Any:
    """Goes through the whole chain."""
    if not clicks:
        raise PreventUpdate
    lang, found = who().language, keeping.verify(door().users)
    if found.wrong:
        return wrong(text(lang, found.wrong, line=found.line))
    return saved(text(lang, "All {count} lines are as they were written, and none is missing.",
                      count=number(lang, found.lines)))


def register(on: Callable, view: Callable, who: Callable, door: Callable, address: Callable) -> None:
    """Wires the page. `door()` is the gate with its users, `address()` where the request comes from."""
    on(output={"chips": Output(ids.chips, "children"), "list": Output(ids.list, "children")},
       inputs={"filters": Input(shell.ids.filters, "data"), "done": Input(ids.done, "data")})(
        partial(show_lines, view, who, door))
    on(output=Output(ids.keep, "children"), inputs={"done": Input(ids.done, "data")})(
        partial(show_keeping, who, door))
    on(output={"said": Output(ids.said, "children"), "done": Output(ids.done, "data")},
       inputs={"clicks": Input(ids.save, "n_clicks"), "days": State(ids.days, "value")}, prevent_initial_call=True)(
        partial(save, who, door, address))
    on(output=Output(ids.said, "children", allow_duplicate=True), inputs={"clicks": Input(ids.check, "n_clicks")},
       prevent_initial_call=True)(partial(check, who, door))

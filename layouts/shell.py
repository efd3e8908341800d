"""The frame around every page: rail, header, filter bar; evaluated for each request, reads no data."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import dash
from dash import dcc, html
from dash.development.base_component import Component

from data.filters import ORIGINS, PERIODS
from i18n import percent, text
from layouts.parts import avatar, here, hidden, icon
from render.addresses import page
from render.cards import initials
from render.words import PLAYER, mark

# Files of `assets/` that Dash must not load by itself: the head does, or nobody until a graph asks.
ASSETS_IGNORE = r"^(00-theme|plotly-cartesian\.min)\.js$"


class ids:
    """Components of the shell; callbacks take their ids from here."""

    root = "shell"
    url = "shell-url"
    go = "shell-go"
    site = "shell-site"
    filters = "shell-filters"
    version = "shell-version"
    pulse = "shell-pulse"
    theme = "shell-theme"
    theme_switch = "shell-theme-switch"
    tick = "shell-tick"
    rail = "shell-rail"
    tabs = "shell-tabs"
    title = "shell-title"
    fresh = "shell-fresh"
    segments = "shell-segments"
    presets = "shell-presets"
    range_words = "shell-range-words"
    range = "shell-range"
    queues = "shell-queues"
    agents = "shell-agents"
    origin = "shell-origin"
    excluded = "shell-excluded"
    copy = "shell-copy"
    notice = "shell-notice"
    toast = "shell-toast"


@dataclass(frozen=True)
class Entry:
    """A page in the rail: path, drawing, words, what one must be allowed, and the period it begins with."""

    path: str
    icon: str
    label: str
    permission: str
    default: str = "last_7"


RAIL = (
    Entry("/live", "broadcast", mark("Live"), "dashboard", "today"),
    Entry("/", "speedometer2", mark("Summary"), "dashboard", "today"),
    Entry("/calls", "telephone", mark("Calls"), "calls"),
    Entry("/queues", "collection", mark("Queues"), "queues"),
    Entry("/agents", "person-badge", mark("Agents"), "agents"),
    Entry("/reports", "bar-chart", mark("Reports"), "reports"),
    Entry("/users", "people", mark("Users"), "admin"),
    Entry("/data-health", "heart-pulse", mark("Data health"), "admin"),
)
# Pages that the menu of a person leads to.
OWN = (Entry("/account", "person-circle", mark("My account"), ""),)

PERIOD_WORDS = {
    "today": mark("Today"), "yesterday": mark("Yesterday"), "this_week": mark("This week"),
    "last_week": mark("Last week"), "this_month": mark("This month"), "last_month": mark("Last month"),
    "last_7": mark("Last 7 days"), "last_30": mark("Last 30 days"), "last_90": mark("Last 90 days"),
}
SHORT_WORDS = {"today": mark("Today"), "yesterday": mark("Yesterday"), "last_7": mark("7 days"),
               "last_30": mark("30 days")}
ORIGIN_WORDS = {"external": mark("External"), "internal": mark("Internal"), "all": mark("All origins")}
ROLE_WORDS = {"admin": mark("Administrator"), "manager": mark("Manager"), "supervisor": mark("Supervisor"),
              "viewer": mark("Viewer")}


def entry(path: str) -> Entry | None:
    """The entry of the rail to which an address without prefix belongs (`/calls/123` to `/calls`)."""
    first = "/" + path.strip("/").split("/")[0]
    return next((e for e in (*RAIL, *OWN) if e.path == first), None)


def tab(lang: str, path: str, product: str, person: str = "", call: str = "") -> str:
    """The words of the browser's tab for a page that is registered at `path` ("" for one that is none): many of them
    stand side by side. `person` and `call` come as they stand in the address."""
    known = entry(path) if path else None
    found = text(lang, known.label) if known else text(lang, "Page not found")
    if path == "/users/audit":
        found = text(lang, "Audit")
    elif person or call:
        found = unquote(person) if person else text(lang, "Call {callid}", callid=unquote(call))
    return f"{found} · {product}"


def allowed(pages: Collection[str], permissions: Collection[str]) -> list[str]:
    """Paths of the rail that exist and that this person may open, in the order of the rail."""
    return [e.path for e in RAIL if e.path in pages and e.permission in permissions]


def first(lang: str, pages: Collection[str], permissions: Collection[str]) -> tuple[str, str]:
    """Path and words of the first page of the rail that this person may open; the own account when there is none."""
    found = next((e for e in RAIL if e.path in allowed(pages, permissions)), OWN[0])
    return found.path, text(lang, found.label)


def links(lang: str, prefix: str, paths: Collection[str], current: str = "", query: str = "") -> list[Component]:
    """The links of rail and tab bar; filters travel along in `query`."""
    return [dcc.Link([icon(e.icon), html.Span(text(lang, e.label)),
                      hidden(text(lang, "(this page)")) if e.path == current else None],
                     href=page(prefix, e.path, query), className="active" if e.path == current else "")
            for e in RAIL if e.path in paths]


def segments(lang: str, hrefs: dict[str, str], current: str) -> list[Component]:
    """The four periods asked for most, as one row of links."""
    return [here(text(lang, words), hrefs[name], className="active" if name == current else "",
                 **({"aria-current": "true"} if name == current else {})) for name, words in SHORT_WORDS.items()]


def presets(lang: str, hrefs: dict[str, str], current: str) -> list[Component]:
    """Every named period, as a list of links."""
    return [here(text(lang, PERIOD_WORDS[name]), hrefs[name], className="active" if name == current else "",
                 **({"aria-current": "true"} if name == current else {})) for name in PERIODS]


def _age(seconds: int) -> str:
    """As `assets/b-app/app.js` writes it once it has run."""
    if seconds < 3600:
        return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min" if seconds < 86400 else f"{seconds // 86400} d"


def freshness(lang: str, state: str, until: str, age: int | None, cause: str, share: float | None,
              clock: dict[str, int], beside: str = "", href: str = "") -> list[Component]:
    """Site time and age of the data; seconds run on in the browser. `share` (0 to 1) of a history has been read;
    `clock` is epoch and offset of the site, in s. `beside` says what is wrong with Issabel's databases, `href` is where
    more is told."""
    words = {"ok": text(lang, "Up to date"), "late": text(lang, "Late"), "stale": text(lang, "Not current"),
             "error": text(lang, "Error"), "empty": text(lang, "No data"), "reading": text(lang, "Reading")}
    marks = {"ok": "check2", "late": "hourglass-split", "reading": "hourglass-split", "empty": "inbox"}
    seconds = {"data-age": str(age), "data-words": text(lang, "{age} ago")} if age is not None else {}
    words["ago"] = "" if age is None else text(lang, "{age} ago", age=_age(age))
    body = [html.Span(words[state])] if not until else [
        html.Span(text(lang, "Data until {time}", time=until)), html.Span(words["ago"], className="age", **seconds)]
    return [*_beside(lang, beside, href),
            html.Span([icon(marks.get(state, "exclamation-triangle")), hidden(words[state]), *body,
                       None if share is None else html.Progress(value=f"{share:.3f}", max="1"),
                       None if share is None else html.Span(percent(lang, 100 * share, 0), className="share"),
                       html.Span(cause, className="cause", title=cause) if cause else None],
                      className=f"fresh {state}", title=cause or words[state]),
            html.Span([icon("clock-history"), html.Span(className="clock", **{
                "data-epoch": str(clock["epoch"]), "data-offset": str(clock["offset"])})],
                className="site-time", title=text(lang, "Time of the call center"))]


def _beside(lang: str, cause: str, href: str) -> list[Component]:
    """What is done without, and why: names and call records stay as they were known last."""
    if not cause:
        return []
    said = text(lang, "Issabel's databases: {cause}", cause=cause)
    inside = [icon("database-exclamation"), hidden(text(lang, "Issabel's databases")), html.Span(
        cause, className="words")]
    more = text(lang, "{cause}. The numbers come from the log and are complete; names are those known last.",
                cause=said)
    return [dcc.Link(inside, href=href, className="fresh late database", title=more) if href else html.Span(
        inside, className="fresh late database", title=more)]


def index(prefix: str, lang: str) -> str:
    """The HTML around the program. The theme is set in the head, before anything is painted."""
    return f"""<!DOCTYPE html>
<html lang="{lang}">
<head>
{{%metas%}}
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>{{%title%}}</title>
<link rel="icon" type="image/svg+xml" href="{prefix}assets/favicon.svg">
<script src="{prefix}assets/00-theme.js"></script>
{{%css%}}
</head>
<body>
<noscript>{text(lang, "This page needs JavaScript.")}</noscript>
{{%app_entry%}}
<footer>{{%config%}}{{%scripts%}}{{%renderer%}}</footer>
</body>
</html>"""


def player(lang: str) -> str:
    """The words of the recordings player as JSON, for `assets/b-app/player.js`."""
    return json.dumps({key: text(lang, words) for key, words in PLAYER.items()}, ensure_ascii=False)


def _user_menu(lang: str, who: Any, prefix: str) -> Component:
    role = text(lang, ROLE_WORDS[who.role]) if who.role in ROLE_WORDS else str(who.role)
    return html.Details([
        html.Summary([avatar(initials(who.username)), html.Span([html.Strong(who.username), html.Small(role)],
                                                                className="who"), icon("chevron-down", "small")],
                     **{"aria-label": text(lang, "Menu of {user}", user=who.username)}),
        html.Div([dcc.Link([icon("person-circle"), text(lang, "My account")], href=page(prefix, "/account")),
                  html.A([icon("key"), text(lang, "Change password")], href=page(prefix, "/password")),
                  html.Form(html.Button([icon("box-arrow-right"), text(lang, "Log out")], type="submit"),
                            action=page(prefix, "/logout"), method="POST")], className="pop")],
        className="menu user-menu")


def _brand(lang: str) -> Component:
    return html.Div([html.Span(icon("headset"), className="logo"),
                     html.Span([html.Strong("Call Center"), html.Small(text(lang, "Analytics · Issabel"))])],
                    className="brand")


def _dropdown(lang: str, name: str, words: str, **more: Any) -> Component:
    return html.Div(dcc.Dropdown(id=name, placeholder=words, labels={
        "search": text(lang, "Search"), "select_all": text(lang, "Select all"),
        "deselect_all": text(lang, "Select none"),
        "selected_count": text(lang, "Chosen: {count}", count="{num_selected}"),
        "clear_search": text(lang, "Clear search"), "clear_selection": text(lang, "Clear selection"),
        "no_options_found": text(lang, "Nothing found")}, **more), className="choice", **{"aria-label": words},
        role="group")


def _filters(lang: str) -> Component:
    picker = dcc.DatePickerRange(id=ids.range, display_format="DD/MM/YYYY", first_day_of_week=1, minimum_nights=0,
                                 start_date_placeholder_text=text(lang, "From"),
                                 end_date_placeholder_text=text(lang, "To"),
                                 updatemode="bothdates", number_of_months_shown=1, month_format="MMMM YYYY")
    period = html.Details([
        html.Summary([icon("calendar3"), html.Span(id=ids.range_words), icon("chevron-down", "small")],
                     **{"aria-label": text(lang, "Choose the period")}),
        html.Div([html.Nav(id=ids.presets, className="presets", **{"aria-label": text(lang, "Period")}),
                  html.Div([html.Label(text(lang, "Own range")), picker], className="own-range")], className="pop")],
        className="menu period-menu")
    return html.Div([
        html.Nav(id=ids.segments, className="segments", **{"aria-label": text(lang, "Period")}),
        period,
        html.Button([icon("funnel"), hidden(text(lang, "Filters"))], className="tool more", type="button",
                    **{"data-toggle": "open", "aria-expanded": "false"}),
        html.Div([
            _dropdown(lang, ids.queues, text(lang, "All queues"), multi=True, options=[], value=[], debounce=True,
                      maxHeight=320),
            _dropdown(lang, ids.agents, text(lang, "All agents"), multi=True, options=[], value=[], debounce=True,
                      maxHeight=320),
            _dropdown(lang, ids.origin, text(lang, "Origin"), clearable=False, searchable=False, value="external",
                      options=[{"label": text(lang, ORIGIN_WORDS[o]), "value": o} for o in ORIGINS]),
            html.Span(id=ids.excluded, className="excluded"),
            html.Button([icon("link-45deg"), html.Span(text(lang, "Copy link"))], id=ids.copy, className="tool copy",
                        type="button", title=text(lang, "Copy link"),
                        **{"aria-label": text(lang, "Copy link"), "data-copy": "", "data-done": text(lang, "Copied")}),
        ], className="choices")],
        className="filters", role="search", **{"aria-label": text(lang, "Filters")})


def shell(lang: str, who: Any, pages: Collection[str], demo: str | None, prefix: str, refresh: float = 2) -> Component:
    """The whole frame for one person.

    `who` has `.username .role .permissions`; `pages` are the paths that exist; `demo` is what to say when the
    centre is not a real one; `prefix` begins and ends with a slash; `refresh` is in seconds.
    """
    paths = allowed(pages, who.permissions)
    other = "en" if lang == "es" else "es"
    tongue = {"es": "Español", "en": "English"}[other]
    return html.Div([
        html.A(text(lang, "Skip to the content"), href="#content", className="skip"),
        html.Aside([_brand(lang),
                    html.Nav(links(lang, prefix, paths), id=ids.rail, **{"aria-label": text(lang, "Pages")}),
                    _user_menu(lang, who, prefix)], className="rail"),
        html.Div([
            html.Div([icon("info-circle"), html.Strong(text(lang, "Demonstration center")), html.Span(demo)],
                     className="demo", role="note") if demo else None,
            html.Header([
                html.H1(id=ids.title, children=""),
                html.Div([
                    html.Div(id=ids.fresh, className="pulse", **{"aria-live": "off"}),
                    html.Button([icon("moon-stars", "to-dark"), icon("sun", "to-light")], id=ids.theme_switch,
                                className="tool", type="button", **{"aria-label": text(lang, "Light or dark")},
                                title=text(lang, "Light or dark")),
                    html.Button([icon("translate"), html.Span(other.upper())], className="tool", type="button",
                                title=tongue, lang=other, **{"data-language": other, "aria-label": tongue}),
                    _user_menu(lang, who, prefix)], className="header-tools")], className="top"),
            _filters(lang),
            html.Main([html.Div(id=ids.notice), dash.page_container], id="content", tabIndex="-1")], className="stage"),
        html.Nav(links(lang, prefix, paths), id=ids.tabs, className="tabs", **{"aria-label": text(lang, "Pages")}),
        html.Div(id=ids.toast, className="toasts"),
        html.Div([icon("wifi-off"), text(lang, "No connection with the server. Trying again…")], className="offline",
                 role="alert"),
        dcc.Location(id=ids.url, refresh=False), dcc.Location(id=ids.go, refresh="callback-nav"),
        dcc.Store(id=ids.site, data={"prefix": prefix, "pages": paths}),
        dcc.Store(id=ids.filters), dcc.Store(id=ids.version), dcc.Store(id=ids.pulse), dcc.Store(id=ids.theme),
        dcc.Interval(id=ids.tick, interval=refresh * 1000)],
        id=ids.root, className="shell", lang=lang,
        **{"data-lang": lang, "data-prefix": prefix, "data-player": player(lang)})

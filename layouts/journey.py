"""One call: in the side panel of the list and as a page of its own."""

from collections.abc import Sequence
from urllib.parse import unquote

from dash import dcc, html
from dash.development.base_component import Component

from i18n import number, text
from layouts.parts import hidden, icon, notice, skeleton
from render.journey import Bar, Lane, Step, Story
from render.outside import Line, Outside


class ids:
    """Components of the page."""

    callid = "journey-callid"
    body = "journey-body"
    shown = "journey-shown"
    ready = "journey-ready"


def layout(lang: str, call: str = "", **_: str) -> Component:
    """The page `/calls/{callid}` before the call arrives; `call` is its callid as it stands in the address."""
    return html.Div([dcc.Store(id=ids.callid, data=unquote(call)), dcc.Store(id=ids.shown), dcc.Store(id=ids.ready),
                     html.Div(html.Section(skeleton("row", 12), className="panel"), id=ids.body)],
                    className="journey-page calls")


def page(lang: str, story: Story, audio: Sequence[str], back: str, before: str | None, after: str | None,
         place: tuple[int, int] | None) -> Component:
    """The call as a page: `back` leads to the list, `before` and `after` to its neighbours there. `audio` are callids
    under which there is something to hear."""
    def step(href: str | None, mark: str, words: str, way: str) -> Component:
        inside = [icon(mark), html.Span(words)]
        return dcc.Link(inside, href=href, className=f"tool step-{way}") if href else html.Span(
            inside, className="tool off", **{"aria-disabled": "true"})
    return html.Div([
        html.Nav([dcc.Link([icon("telephone"), html.Span(text(lang, "All calls"))], href=back, className="tool"),
                  html.Span(_place(lang, place), className="place"),
                  step(before, "arrow-up", text(lang, "Previous"), "previous"),
                  step(after, "arrow-down", text(lang, "Next"), "next")],
                 className="tools-row", **{"aria-label": text(lang, "Calls of the list")}),
        html.Section(journey(lang, story, audio), className="panel")])


def panel(lang: str, story: Story, audio: Sequence[str], href: str, index: int, total: int) -> list[Component]:
    """The call beside the list; the browser steps to its neighbours (`assets/b-app/calls.js`)."""
    def step(way: str, mark: str, words: str, off: bool) -> Component:
        return html.Button([icon(mark), hidden(words)], className="tool", type="button", disabled=off, title=words,
                           **{"data-journey": way})
    return [
        html.Div([html.Span(_place(lang, (index, total)), className="place"),
                  step("previous", "arrow-up", text(lang, "Previous"), index <= 0),
                  step("next", "arrow-down", text(lang, "Next"), index + 1 >= total),
                  dcc.Link([icon("link-45deg"), html.Span(text(lang, "Open as a page"))], href=href, className="tool"),
                  html.Button([icon("x-lg"), hidden(text(lang, "Close"))], className="tool", type="button",
                              title=text(lang, "Close"), **{"data-journey": "close"})], className="tools-row"),
        journey(lang, story, audio)]


def _place(lang: str, place: tuple[int, int] | None) -> str:
    return "" if place is None else text(lang, "{index} of {total}", index=number(lang, place[0] + 1),
                                         total=number(lang, place[1]))


def gone(lang: str) -> Component:
    """Nobody by that callid, or nobody this user may know."""
    return notice("quiet", "question-circle", text(lang, "There is no such call"), text(
        lang, "The address may be misspelled, or the call went through queues that you may not see."))


def journey(lang: str, story: Story, audio: Sequence[str]) -> Component:
    """Everything about a call."""
    listen = html.Div([html.Button([icon("play-fill"), text(
        lang, "Listen to the recording") if len(audio) == 1 else text(
            lang, "Listen to recording {index}", index=number(lang, index))], type="button", **{
                "data-recording": callid, "data-title": story.title}) for index, callid in enumerate(audio, 1)],
        className="audio-row") if audio else None
    raw = html.Button([icon("123"), html.Span(text(lang, "Lines of the log"))], className="tool raw-switch",
                      type="button", **{"data-raw": "", "aria-pressed": "false"})
    return html.Div([
        html.Div([html.Div([html.H2(story.number), html.Div(story.name, className="name") if story.name else None]),
                  _ended(lang, story)],
                 className="journey-head"),
        listen,
        html.Dl([html.Div([html.Dt(term), html.Dd(value)]) for term, value in story.facts], className="facts"),
        html.Div([html.H3(text(lang, "Queue visits")),
                  html.Div([_lane(lang, lane) for lane in story.lanes], className="lanes"),
                  html.Div([html.Span(words, style={"left": f"{place:.2f}%"}) for place, words in story.ticks],
                           className="ticks",
                           **{"aria-hidden": "true"}),
                  html.Div([html.Span([html.I(className="role", style={"background": f"var(--{tone})"}), words])
                            for tone, words in (("in_progress", text(lang, "Waiting")),
                                                ("exit_key", text(lang, "Ringing without an answer")),
                                                ("answered", text(lang, "Talking")))], className="lane-legend")]),
        *_outside(lang, story.outside),
        html.Div([html.Div([html.H3(text(lang, "What happened")), raw], className="steps-head"),
                  None if story.whole else html.P(text(
                      lang, "A part of the log of these days cannot be read: lines may be missing here."),
                      className="warning-line"),
                  html.Ol([_step(step) for step in story.steps], className="steps")]),
        html.P(text(lang, "Call id: {callids}", callids=", ".join(story.callids)), className="quiet")],
        className="journey")


def _outside(lang: str, found: Outside | None) -> list[Component]:
    """What the call records know beside the log; nothing where they know nothing."""
    if found is None:
        return []
    words = text(lang, "{time} from the call to the first queue: menus and announcements.", time=found.silence)
    before = [html.P(words, className="quiet")] if found.silence else []
    parts = [
        (text(lang, "Before the queue"), [*before, _lines(found.before)] if found.silence or found.before else []),
        (text(lang, "After the queue"), [_lines(found.after)] if found.after else []),
        (text(lang, "Calls back to this number"), [_lines(found.backs)] if found.backs else [html.P(text(
            lang, "Nobody called back from an extension in the day that followed."), className="quiet")]
         if found.backs is not None else [])]
    return [html.Div([html.H3(title), *inside], className="outside") for title, inside in parts if inside]


def _lines(lines: Sequence[Line]) -> Component | None:
    return html.Ol([html.Li([html.Time(line.time), html.Span(icon(line.icon), className=f"dot role-{line.role}"),
                             html.Div([html.Strong(line.label), html.P(line.sentence)])]) for line in lines],
                   className="steps") if lines else None


def _ended(lang: str, one: Story | Lane) -> Component:
    """How a call or a visit ended; the mark of a short abandon says what that is."""
    brief = html.Small(text(lang, "short"), className="short-mark", tabIndex="0", **{"data-tip": one.short})
    return html.Span([html.Span(className=f"swatch role-{one.role}"), one.outcome, brief if one.short else None],
                     className="outcome")


def _lane(lang: str, lane: Lane) -> Component:
    return html.Div([
        html.Div([html.Strong(lane.name), _ended(lang, lane), html.Span(lane.agent) if lane.agent else None,
                  html.Small(lane.facts)], className="lane-words"),
        html.Div([_bar(bar) for bar in lane.bars], className="lane-bar", role="img", **{
            "aria-label": ". ".join(bar.hint for bar in lane.bars)})])


def _bar(bar: Bar) -> Component:
    return html.Span(className=bar.role, style={"left": f"{bar.left}%", "width": f"{bar.width}%"}, **{
        "data-tip": bar.hint})


def _step(step: Step) -> Component:
    return html.Li([html.Time([step.time, html.Small(step.since)]),
                    html.Span(icon(step.icon), className=f"dot role-{step.role}"),
                    html.Div([html.Strong(step.label), html.P(step.sentence), html.Code(step.line)])])

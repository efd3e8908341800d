"""The one address of all Dash callbacks: which callback a request means, and whether it is well formed.

Dash looks the function up by `output` alone and trusts the rest, so a forged body ends in a 500 or puts
values under names that the callback never asked for. Here it has to be what was registered.
"""

import json
from typing import Any

from dash import Dash

from auth.marks import Doors
from auth.permissions import Permission

# The one callback of Dash's own: the router of its pages, which anybody signed in needs.
ROUTER = ".._pages_content.children..._pages_store.data.."


class Malformed(Exception):
    """Not a request the browser half of Dash would send."""


class Unknown(Exception):
    """No callback of that name was declared."""


def needs(declared: Doors, body: Any) -> Permission | None:
    """The permission a callback request needs, None if it is enough to be signed in; Malformed or Unknown."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        raise Malformed
    output = body["output"]
    app = next((app for app in declared.apps if output in app.callback_map), None)
    if output == ROUTER and app is None and declared.apps:
        # Dash registers it during the first request a process answers, which may be this one.
        return None
    if app is None or "callback" not in app.callback_map[output]:
        raise Unknown
    if output not in declared.callbacks and output != ROUTER:
        raise Unknown
    check(app, output, body)
    return declared.callbacks.get(output)


def check(app: Dash, output: str, body: dict[str, Any]) -> None:
    """Malformed unless inputs, states and outputs are those that were registered."""
    spec = app.callback_map[output]
    for name, registered in (("inputs", spec["inputs"]), ("state", spec["state"])):
        sent = body.get(name, [])
        if not isinstance(sent, list) or len(sent) != len(registered):
            raise Malformed
        for one, wanted in zip(sent, registered, strict=True):
            if not _same(one, wanted):
                raise Malformed
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(prop, str) for prop in changed):
        raise Malformed
    _outputs(output, body, no_output=bool(spec.get("no_output")))


def _outputs(output: str, body: dict[str, Any], *, no_output: bool) -> None:
    """Outputs are one object, or a list (of lists, for patterns) as long as the name of the callback says."""
    sent = body.get("outputs", [])
    if no_output:
        return
    several = output.startswith("..") and output.endswith("..")
    if several != isinstance(sent, list):
        raise Malformed
    wanted = output[2:-2].split("...") if several else [output]
    given = sent if several else [sent]
    if len(given) != len(wanted):
        raise Malformed
    for one, name in zip(given, wanted, strict=True):
        element, _, prop = name.rpartition(".")
        element = element.replace("\\.", ".")
        # Where several callbacks write one property, browsers name it with the mark of the callback behind it.
        if not any(_same(one, {"id": element, "property": known}) for known in (prop, prop.split("@")[0])):
            raise Malformed


def _same(sent: Any, wanted: dict[str, Any]) -> bool:
    """Whether what was sent is the registered property, or a list of those its pattern allows."""
    pattern = _pattern(wanted["id"])
    if isinstance(sent, list):
        return pattern is not None and all(isinstance(one, dict) and _same(one, wanted) for one in sent)
    if not isinstance(sent, dict) or sent.get("property") != wanted["property"]:
        return False
    if pattern is None:
        return bool(sent.get("id") == wanted["id"])
    found = sent.get("id")
    return (isinstance(found, dict) and set(found) == set(pattern)
            and all(isinstance(part, list) or found[key] == part for key, part in pattern.items())
            and all(isinstance(value, str | int | float | bool) for value in found.values()))


def _pattern(element: Any) -> dict[str, Any] | None:
    """The id as an object when it is one (a wildcard is a list such as ["ALL"]); None for a plain name."""
    if isinstance(element, dict):
        return element
    if isinstance(element, str) and element.startswith("{"):
        try:
            found = json.loads(element)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None
    return None

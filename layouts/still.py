"""Tables and lists in which nothing changes by itself, as one component instead of thousands.

Dash's renderer watches each component of its own, and looks after all of them whenever anything on the page changes: a
table of fifty rows held a browser for seconds. What stands in a `Still` is told to `assets/b-app/still.js` as it is and
drawn at once; a link in it leads on like dcc.Link. Nothing in it can be the input or the output of a callback.
"""

from typing import Any

from dash.development.base_component import Component

LINK = ("dash_core_components", "Link")


class Still(Component):
    """`children`: one component of dash.html with others of dash.html and dcc.Link in it, none of them with an id."""

    _children_props: list[str] = []
    _base_nodes = ["children"]
    _namespace = "call_center"
    _type = "Still"
    _prop_names = ["children"]
    _valid_wildcard_attributes: list[str] = []
    available_properties = ["children"]
    available_wildcard_properties: list[str] = []

    def __init__(self, children: Component):
        super().__init__(children=children)

    def to_plotly_json(self) -> dict[str, Any]:
        """`tree`: [tag, properties, child …] for each component, a text for a text; tag Link is one of dcc.Link."""
        return {"namespace": self._namespace, "type": self._type, "props": {"tree": _told(self.children)}}


def _told(component: Component) -> list[Any]:
    props = {name: value for name, value in vars(component).items() if _is_property(component, name)}
    link = (component._namespace, component._type) == LINK
    if "id" in props or not (link or component._namespace == "dash_html_components"):
        raise TypeError(f"{component._type} cannot stand still")
    return ["Link" if link else component._type.lower(), props, *_children(getattr(component, "children", None))]


_known: dict[tuple[str, str], frozenset[str]] = {}  # names of properties by component: a table has thousands of them


def _is_property(component: Component, name: str) -> bool:
    """Whether that attribute is a property of the component other than its children; the others are Dash's own."""
    kind = (component._namespace, component._type)
    if kind not in _known:
        _known[kind] = frozenset(component._prop_names) - {"children"}
    return name in _known[kind] or name.startswith(("data-", "aria-"))


def _children(found: Any) -> list[Any]:
    if found is None:
        return []
    if isinstance(found, list | tuple):
        return [one for child in found for one in _children(child)]
    return [_told(found) if isinstance(found, Component) else str(found)]

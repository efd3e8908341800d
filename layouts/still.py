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
    facts = component.to_plotly_json()
    props, link = facts["props"], (facts["namespace"], facts["type"]) == LINK
    if "id" in props or not (link or facts["namespace"] == "dash_html_components"):
        raise TypeError(f"{facts['type']} cannot stand still")
    return ["Link" if link else facts["type"].lower(), {k: v for k, v in props.items() if k != "children"},
            *_children(props.get("children"))]


def _children(found: Any) -> list[Any]:
    if found is None:
        return []
    if isinstance(found, list | tuple):
        return [one for child in found for one in _children(child)]
    return [_told(found) if isinstance(found, Component) else str(found)]

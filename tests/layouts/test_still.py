"""What stands still is told as it is, and refuses what Dash would have to look after."""

import json

import pytest
from dash import dcc, html

from layouts.still import Still


def told(component) -> list:
    found = json.loads(json.dumps(Still(component).to_plotly_json()))
    assert (found["namespace"], found["type"], list(found["props"])) == ("call_center", "Still", ["tree"])
    return found["props"]["tree"]


def test_every_element_with_its_properties_and_texts_as_they_are():
    tree = told(html.Table([
        html.Thead(html.Tr([html.Th("Ñandú <b>", scope="col"), None, html.Th(["a", [1, None, html.Small("c")]])])),
        html.Tbody(html.Tr(html.Td(dcc.Link("7", href="/calls?agent=x"), className="number", style={"width": "3%"}),
                           key="one", **{"aria-hidden": "true", "data-tip": "why"}))], className="figures"))
    assert tree == ["table", {"className": "figures"},
                    ["thead", {}, ["tr", {}, ["th", {"scope": "col"}, "Ñandú <b>"],
                                   ["th", {}, "a", "1", ["small", {}, "c"]]]],
                    ["tbody", {}, ["tr", {"key": "one", "aria-hidden": "true", "data-tip": "why"},
                                   ["td", {"className": "number", "style": {"width": "3%"}},
                                    ["Link", {"href": "/calls?agent=x"}, "7"]]]]]


@pytest.mark.parametrize("moving", [html.Td("x", id="x"), dcc.Graph(), dcc.Input()])
def test_what_a_callback_may_mean_cannot_stand_still(moving):
    with pytest.raises(TypeError, match="cannot stand still"):
        told(html.Div([html.P("y"), moving]))


def test_it_is_still_looked_through_like_any_component():
    inner = html.Div([html.P("y"), dcc.Link("z", href="/")])
    assert [type(one).__name__ for one in Still(inner)._traverse()] == ["Div", "P", "Link"]

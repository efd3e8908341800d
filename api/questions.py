"""Query parameters to filters, and back: what every answer says about the question it understood."""

import datetime as dt
from typing import Any, Literal

from flask import abort, request
from pydantic import BaseModel, Field

from api.errors import failure
from data.filters import BadFilter, Filters, parse


class Question(BaseModel):
    """The filters that every endpoint takes; unknown parameters are passed over."""

    start_date: str | None = Field(None, description="First local day, YYYY-MM-DD; today by default")
    end_date: str | None = Field(None, description="Last local day, included; today by default")
    period: str | None = Field(None, description="Instead of days: today, yesterday, last_7 …")
    queue: list[str] | None = Field(None, description="Repeatable: only these queues")
    agent: list[str] | None = Field(None, description="Repeatable: only these agents")
    origin: Literal["external", "internal", "all"] | None = Field(None, description="external by default")
    interval: Literal["15", "30", "60"] | None = Field(None, description="Minutes, where intervals apply")


ONCE = ("start_date", "end_date", "period", "origin", "interval")


def filters(question: Question, today: dt.date) -> Filters:
    """The filters asked for; aborts with 422 naming the parameter that cannot be understood."""
    for name in ONCE:
        # The model keeps the first of several; somebody who checks the last one would be told something else.
        if len(request.args.getlist(name)) > 1:
            abort(failure(422, f"{name}: given more than once"))
    given = {name: value if isinstance(value, list) else [value]
             for name, value in question.model_dump(exclude_none=True).items()}
    try:
        return parse(given, today)
    except BadFilter as error:
        return abort(failure(422, f"{error.parameter}: {error.reason}"))


def meta(view: Any, asked: Filters, **more: Any) -> dict[str, Any]:
    """How the question was understood, up to when there are data, and what the origin filter removed."""
    until = view.freshness()["data_until"]
    return {"start_date": asked.start.isoformat(), "end_date": asked.end.isoformat(), "queue": list(asked.queues),
            "agent": list(asked.agents), "origin": asked.origin, "interval": asked.interval,
            "timezone": str(view.zone), "data_until": until.isoformat() if until else None,
            "excluded_internal": view.excluded_internal(asked), **more}


def rows(frame: Any, names: list[str]) -> list[dict[str, Any]]:
    """Rows of a frame as plain dictionaries: missing is null, times carry their offset, numbers two decimals."""
    return [{name: value(cell) for name, cell in zip(names, row, strict=True)}
            for row in frame[names].itertuples(index=False, name=None)]


def value(cell: Any) -> Any:
    """One cell for JSON."""
    if isinstance(cell, list | tuple):
        return [value(one) for one in cell]
    if isinstance(cell, str | bool) or cell is None:
        return cell
    if isinstance(cell, dt.datetime | dt.date):
        return None if cell != cell else cell.isoformat()
    if cell != cell:
        return None
    number = float(cell)
    return int(number) if number.is_integer() else round(number, 2)

"""What may be done here, and the named sets of it that people are given."""

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """One thing a user may do; the value is its name in settings, in the database and on the wire."""

    DASHBOARD = "dashboard"
    CALLS = "calls"
    RECORDINGS = "recordings"
    DOWNLOADS = "downloads"
    NUMBERS = "numbers"
    QUEUES = "queues"
    AGENTS = "agents"
    REPORTS = "reports"
    ADMIN = "admin"


_DESK = frozenset({Permission.DASHBOARD, Permission.CALLS, Permission.NUMBERS, Permission.QUEUES, Permission.AGENTS,
                   Permission.REPORTS})

ROLES: dict[str, frozenset[Permission]] = {
    "admin": frozenset(Permission),
    "manager": _DESK | {Permission.DOWNLOADS},
    "supervisor": _DESK | {Permission.RECORDINGS},
    "viewer": frozenset({Permission.DASHBOARD}),
}


def permission(name: str) -> Permission:
    """The permission of that name; ValueError naming it if there is none."""
    try:
        return Permission(name)
    except ValueError:
        raise ValueError(f"{name!r} is not a permission: {', '.join(Permission)}") from None


def effective(role: str, given: Iterable[str] = (), taken: Iterable[str] = ()) -> frozenset[Permission]:
    """Those of the role, plus the given ones, minus the taken ones. A name nobody knows grants nothing."""
    known = set(Permission)
    return (ROLES.get(role, frozenset()) | {Permission(p) for p in given if p in known}) - set(taken)

"""Everything of the live page and its kin, registered in one place: the parts share messages and connection."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask_openapi3 import OpenAPI

from api import kiosks, live, realtime
from auth.kiosks import Kiosks
from auth.users import UserStore
from data.ami_link import Heard, Link
from data.thresholds import Thresholds

if TYPE_CHECKING:
    from config import Settings
    from data.store import Store


def register(server: OpenAPI, store: "Store", users: UserStore, secret: str, settings: "Settings", title: str,
             view: Callable[[], Any], who: Callable[[], Any], allow: Callable[[str, str | None], None],
             public: Callable[[str], None]) -> Link | None:
    """Adds the endpoints; the connection to Asterisk, which the caller has to run, None where none was set."""
    link = None
    if settings.AMI_HOST and settings.AMI_USER and not settings.DEMO:  # an invented center has no Asterisk
        link = Link(settings.DATA_DIR, settings.AMI_HOST, settings.AMI_PORT, settings.AMI_USER,
                    settings.AMI_SECRET or "")

    def heard() -> Heard | None:
        return link.heard() if link else None
    boards = live.Boards(Thresholds(settings.DATA_DIR / "thresholds.json"), heard)
    prefix = settings.URL_PREFIX
    live.register(server, view, who, boards, prefix, allow)
    kiosks.register(server, Kiosks(secret, users), boards, lambda found: store.view(found.queues, numbers=False), who,
                    ZoneInfo(settings.TIMEZONE), title, settings.LANGUAGE, prefix, allow, public)
    realtime.register(server, view, heard, prefix, allow)
    return link


def state(link: Link | None) -> str | None:
    """How the connection to Asterisk is; None where there is none."""
    return link.heard().state if link else None

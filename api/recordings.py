"""`/api/recordings/*`: the recordings of a call, to be listened to, drawn and saved.

A call is there for who may see one of its legs. Listening and saving leave a line in the audit.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, abort, request, send_file
from flask_login import current_user
from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from pydantic import BaseModel, Field
from werkzeug.http import parse_range_header

from api.errors import FAILURES, Failure, failure, success
from auth import guard
from auth.permissions import Permission
from auth.users import UserStore
from data import calls, recording_names
from data.audio import Broken, Sound
from data.playback import Playback
from data.recordings import NOT_THERE, UNREADABLE, Recording, Recordings, answered_at, growing
from i18n import text

TAG = Tag(name="recordings", description="Recordings of calls")
NO_CALL = "There is no such call."
NO_RECORDING = "The call has no such recording."
NO_ROOM = "The recording cannot be prepared on the server right now."
KNOWN = 600  # seconds for which a call that may be seen is not looked up again: a player asks for many parts
ONE_LISTENING = 3600  # seconds in which later parts of a file belong to the same listening


class Call(BaseModel):
    callid: str = Field(description="The call's uniqueid as the queue log has it, such as 1762182930.1234")


class Which(BaseModel):
    file: int = Field(0, ge=0, le=10_000, description="Position in the list of the call's recordings")


class Lately:
    """What happened within the last `seconds`, no more than `most` of it."""

    def __init__(self, seconds: float, most: int = 10_000):
        self.seconds, self.most = seconds, most
        self._until: OrderedDict[Hashable, float] = OrderedDict()
        self._guard = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        return self._until.get(key, 0) > time.monotonic()

    def add(self, key: Hashable) -> None:
        with self._guard:
            self._until[key] = time.monotonic() + self.seconds
            self._until.move_to_end(key)
            while len(self._until) > self.most:
                self._until.popitem(last=False)


def servable(asked: str | None, size: int) -> str | None:
    """A Range header as Werkzeug serves it. It refuses what a server has to answer with the whole file: other units,
    several parts (which may be), and an end that is longer than the file."""
    wanted = parse_range_header(asked)
    if wanted is None or not wanted.ranges:
        return asked
    if wanted.units != "bytes" or len(wanted.ranges) > 1:
        return None
    return "bytes=0-" if size and wanted.ranges[0][0] < -size else asked


def described(one: Recording, number: int, callid: str, answered: float | None, prefix: str) -> dict[str, Any]:
    """A recording as the API shows it to the current user."""
    where = f"{prefix}api/recordings/{{}}/{quote(callid, safe='')}?file={number}"
    heard = one.sound is not None
    saved = one.bytes and one.state in ("ready", "growing", "broken") and current_user.can(Permission.DOWNLOADS)
    return {
        "file": number, "name": recording_names.shown(one.name, current_user.can(Permission.NUMBERS)),
        "state": one.state, "words": text(current_user.language, one.words) if one.words else "",
        "format": one.format, "bytes": one.bytes, "duration": one.duration,
        "started": one.started.isoformat() if one.started else None, "answered_at": answered,
        "stream": where.format("stream") if heard else None, "waveform": where.format("waveform") if heard else None,
        "download": where.format("download") if saved else None}


def of_call(view: Any, recordings: Recordings, callid: str, prefix: str) -> list[dict[str, Any]]:
    """The recordings of a call that the current user may hear, in the order of time; none of a call he may not know."""
    if recording_names.epoch(callid) is None or not current_user.can(Permission.RECORDINGS):
        return []
    legs = view.legs_of(callid)
    if not len(legs):
        return []
    over = calls.hung_up(legs)
    answers = list(zip(*(legs.number(name).tolist() for name in ("connect", "wait", "talk")), strict=True))
    return [described(growing(one, over), number, callid, answered_at(one, answers), prefix)
            for number, one in enumerate(recordings.find(callid))]


def register(server: OpenAPI, view: Callable[[], Any], recordings: Recordings, playback: Playback, users: UserStore,
             prefix: str, allow: Callable[[str, str], None]) -> None:
    """Adds the endpoints. `view()` gives the current user's View; `allow(endpoint, permission)` tells the gate."""
    api = APIBlueprint("recordings", __name__, url_prefix=f"{prefix}api/recordings", abp_tags=[TAG],
                       abp_responses={**FAILURES, 404: Failure}, abp_security=[{"bearer": []}, {"cookie": []}])
    seen, heard = Lately(KNOWN), Lately(ONE_LISTENING)

    def refuse(status: int, words: str) -> Any:
        abort(failure(status, text(current_user.language, words)))

    def chosen(callid: str, number: int) -> Recording:
        """That recording of a call the current user may know of; everything else is 404."""
        now = view()
        key = (now.queues_allowed, callid)
        if recording_names.epoch(callid) is None or (key not in seen and not len(now.legs_of(callid))):
            refuse(404, NO_CALL)
        seen.add(key)
        found = recordings.find(callid)
        if number >= len(found):
            refuse(404, NO_RECORDING)
        return found[number]

    def audible(callid: str, number: int) -> tuple[Sound, str]:
        """The sound of such a recording, and the name of its file."""
        one = chosen(callid, number)
        return one.sound or refuse(404, one.words or UNREADABLE), one.name

    def prepared(make: Callable[[], Any]) -> Any:
        """What `make` gives; what keeps it from that in words."""
        try:
            return make()
        except Broken:
            return refuse(404, UNREADABLE)
        except FileNotFoundError:
            return refuse(404, NOT_THERE)
        except OSError:
            return refuse(503, NO_ROOM)

    def note(action: str, response: Response, callid: str, name: str) -> Response:
        """Leaves the line of a listening or a download; what follows the first part of a file is the same one."""
        part, key = response.content_range, (action, current_user.id, callid, name)
        if request.method == "GET" and response.status_code in (200, 206) and (
                part is None or not part.start or key not in heard):
            heard.add(key)
            users.record(action, by=current_user._get_current_object(), address=guard.address(), target=callid,
                         file=recording_names.shown(name, False))
        return response

    def sent(path: Path, mimetype: str, name: str, attachment: bool = False) -> Response:
        asked = servable(request.environ.pop("HTTP_RANGE", None), path.stat().st_size)
        if asked is not None:
            request.environ["HTTP_RANGE"] = asked
        return send_file(path, mimetype, as_attachment=attachment, download_name=name, conditional=True)

    @api.get("/<string:callid>", summary="The recordings of a call, in the order of time")
    def files(path: Call) -> Response:
        if recording_names.epoch(path.callid) is None or not len(view().legs_of(path.callid)):
            refuse(404, NO_CALL)
        return success({"callid": path.callid, "recordings": of_call(view(), recordings, path.callid, prefix)})

    @api.get("/stream/<string:callid>", summary="The sound for a player, with Range; converted where browsers need it")
    def stream(path: Call, query: Which) -> Response:
        sound, recorded = audible(path.callid, query.file)
        name = recording_names.shown(recorded, current_user.can(Permission.NUMBERS))
        kind, name = (sound.mimetype, name) if sound.playable else ("audio/wav", f"{Path(name).stem}.wav")
        answer = prepared(lambda: sent(playback.playable(sound), kind, name))
        return note("recording_listened", answer, path.callid, recorded)

    @api.get("/waveform/<string:callid>", summary="The loudest moment of each of 600 equal parts, 0-1")
    def waveform(path: Call, query: Which) -> Response:
        sound, _ = audible(path.callid, query.file)
        return success({"duration": round(sound.duration, 2), "peaks": prepared(lambda: playback.peaks(sound))})

    @api.get("/download/<string:callid>", summary="The file as it was recorded, to be saved")
    def download(path: Call, query: Which) -> Response:
        one = chosen(path.callid, query.file)
        if one.path is None or not one.bytes or one.state not in ("ready", "growing", "broken"):
            refuse(404, one.words or NOT_THERE)
        kind = one.sound.mimetype if one.sound else "application/octet-stream"
        name = recording_names.readable(one.name, current_user.can(Permission.NUMBERS))
        return note("recording_downloaded", prepared(lambda: sent(one.path, kind, name, attachment=True)),  # type: ignore[arg-type]
                    path.callid, one.name)

    server.register_api(api)
    for name, permission in {"files": "recordings", "stream": "recordings", "waveform": "recordings",
                             "download": "downloads"}.items():
        allow(f"recordings.{name}", permission)

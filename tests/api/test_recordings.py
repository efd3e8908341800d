"""Recordings through the REST door: who hears what, in parts, under which name, and what stays written of it."""

import os
import urllib.error
import urllib.request
from types import SimpleNamespace
from urllib.parse import quote

import numpy as np
import pytest

import app as house
import config
from api import recordings as api_recordings
from data import recordings
from i18n import LANGUAGES, catalogue
from tests.api.conftest import DAY, PASSWORD
from tests.browsing import person, serving, sign_in, until
from tests.data.test_recordings import EVIL
from tests.sounds import PITCH, RATE, killed, pitch, record

FOLDER = "2026/03/03"
WAV, GSM, BOTH, NONE, KILLED = (f"{DAY + 600 * n}.{n}" for n in range(1, 6))
WAV_NAME = f"q-600-3001112222-20260303-090955-{WAV}.wav"
GSM_NAME = f"q-601-3003334444-20260303-092000-{GSM}.gsm"


def lines():
    def stay(callid, queue, caller, wait, talk, enter=None):
        enter = enter or int(callid.split(".")[0])
        first = [f"{enter}|{callid}|{queue}|NONE|DID|6017000000",
                 f"{enter}|{callid}|{queue}|NONE|ENTERQUEUE||{caller}|1"]
        if not talk:
            return [*first, f"{enter + wait}|{callid}|{queue}|NONE|EXITWITHTIMEOUT|1|1|{wait}"]
        return [*first, f"{enter + wait}|{callid}|{queue}|Ana Gómez|CONNECT|{wait}|1.9|4",
                f"{enter + wait + talk}|{callid}|{queue}|Ana Gómez|COMPLETEAGENT|{wait}|{talk}|1"]
    both = int(BOTH.split(".")[0])
    return "\n".join([*stay(WAV, "600", "3001112222", 10, 50), *stay(GSM, "601", "3003334444", 4, 16),
                      *stay(BOTH, "600", "3005556666", 20, 0), *stay(BOTH, "601", "3005556666", 5, 9, both + 21),
                      *stay(NONE, "600", "3007778888", 3, 9), *stay(KILLED, "600", "3009990000", 3, 9)]) + "\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "queue_log").write_text(lines())
    base = folder / "monitor"
    record(base / FOLDER / WAV_NAME, 65)
    record(base / FOLDER / GSM_NAME, 20)
    record(base / FOLDER / f"q-600-3005556666-20260303-092958-{BOTH}.WAV", 21)
    record(base / FOLDER / f"q-601-3005556666-20260303-093022-{BOTH}.wav", 14)
    killed(record(base / FOLDER / f"q-600-3009990000-20260303-095000-{KILLED}.wav", 12))
    app = house.create_app(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var",
                                       RECORDINGS_DIR=base, TIMEZONE="America/Bogota", URL_PREFIX="/centro/"))
    app.store.refresh()
    users = app.users
    users.add("todo", PASSWORD, "admin")
    users.add("sofia", PASSWORD, "supervisor")
    users.add("marta", PASSWORD, "manager")
    users.add("velado", PASSWORD, "supervisor", taken=["numbers"], given=["downloads"], language="en")
    users.add("eva", PASSWORD, "supervisor", queues=["601"], given=["downloads"])
    users.add("leo", PASSWORD, "viewer")
    tokens: dict[str, str] = {}
    client = app.server.test_client()

    def get(path, who="todo", method="GET", **headers):
        if who not in tokens:
            answer = client.post("/centro/api/auth/login", json={"username": who, "password": PASSWORD})
            tokens[who] = answer.json["data"]["access_token"]
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        address = path if path.startswith("/centro/") else f"/centro/api/recordings/{path}"
        with client.open(address, method=method, headers={"Authorization": f"Bearer {tokens[who]}", **sent}) as answer:
            answer.get_data()
            return answer

    def written():
        return [(row["action"], row["username"], row["target"], row["detail"]) for row in users.audit(1000)
                if row["action"].startswith("recording")]

    return SimpleNamespace(app=app, base=base, get=get, written=written, folder=folder)


def listed(site, callid, who="todo"):
    answer = site.get(callid, who)
    assert answer.status_code == 200, answer.json
    assert answer.json["data"]["callid"] == callid
    return answer.json["data"]["recordings"]


# -- the list ----------------------------------------------------------------------------------------


def test_a_recording_is_described(site):
    one, = listed(site, WAV)
    assert one == {
        "file": 0, "name": WAV_NAME, "state": "ready", "words": "", "format": "wav", "bytes": 44 + 65 * RATE * 2,
        "duration": 65, "started": "2026-03-03T09:09:55-05:00", "answered_at": 15,
        "stream": f"/centro/api/recordings/stream/{WAV}?file=0",
        "waveform": f"/centro/api/recordings/waveform/{WAV}?file=0",
        "download": f"/centro/api/recordings/download/{WAV}?file=0"}


def test_several_files_and_the_answer_in_the_right_one(site):
    first, second = listed(site, BOTH)
    assert [first["file"], first["format"], first["answered_at"]] == [0, "wav49", 5]
    assert [second["file"], second["format"], second["answered_at"]] == [1, "wav", 4]
    assert second["stream"].endswith("?file=1")


def test_a_call_without_recording_has_an_empty_list(site):
    assert listed(site, NONE) == []


def test_who_may_not_save_is_given_no_address_for_it(site):
    one, = listed(site, WAV, "sofia")
    assert one["download"] is None
    assert one["stream"]


def test_numbers_are_masked_for_who_may_not_see_them(site):
    hidden = f"q-600-300***222-20260303-090955-{WAV}.wav"
    assert listed(site, WAV, "velado")[0]["name"] == hidden
    seen = [site.get(WAV, "velado"), *(site.get(f"{kind}/{WAV}", "velado", Range="bytes=0-9")
                                       for kind in ("stream", "waveform", "download"))]
    assert [answer.status_code for answer in seen] == [200, 206, 200, 206]
    for answer in seen:
        assert b"3001112222" not in str(answer.headers).encode() + answer.get_data()
    assert hidden in seen[1].headers["Content-Disposition"]
    assert f"300***222_{WAV}.wav" in seen[3].headers["Content-Disposition"]
    assert "3003334444" not in str(site.get(f"stream/{GSM}", "velado").headers)


@pytest.mark.parametrize("who, words", [("todo", "La grabación no tiene sonido"), ("velado", "The recording has no "
                                                                                             "sound")])
def test_a_state_is_said_in_the_language_of_the_user(site, who, words):
    path = site.base / FOLDER / f"q-600-3007778888-20260303-094000-{NONE}.wav"
    record(path, sound=np.empty(0))
    try:
        one, = listed(site, NONE, who)
        assert [one[name] for name in ("state", "words", "duration", "stream", "waveform", "download")] == [
            "empty", words, 0, None, None, None]
        for kind in ("stream", "waveform"):
            answer = site.get(f"{kind}/{NONE}", who)
            assert (answer.status_code, answer.json["error"]["message"]) == (404, words)
    finally:
        path.unlink()


def test_growing_and_broken_files_are_no_failures(site):
    path = site.base / FOLDER / f"q-600-3007778888-20260303-094000-{NONE}.wav"
    try:
        os.utime(record(path, 3))
        one, = listed(site, NONE)
        assert (one["state"], one["duration"], one["words"]) == (
            "growing", 3, "La grabación de la llamada aún se está guardando: intente de nuevo en un momento")
        assert site.get(f"stream/{NONE}").status_code == 200
        path.write_bytes(b"no sound")
        os.utime(path, (DAY, DAY))
        one, = listed(site, NONE)
        assert (one["state"], one["stream"]) == ("broken", None)
        assert one["words"] == "La grabación está dañada y no se puede reproducir"
        assert site.get(f"stream/{NONE}").status_code == 404
        assert site.get(f"download/{NONE}").get_data() == b"no sound"
    finally:
        path.unlink()


def test_no_folder_and_no_room_are_said_in_words(tmp_path):
    (tmp_path / "queue_log").write_text(lines())
    app = house.create_app(config.load(QUEUE_LOG_PATH=tmp_path / "queue_log", DATA_DIR=tmp_path / "var",
                                       RECORDINGS_DIR=tmp_path / "monitor", TIMEZONE="America/Bogota"))
    app.store.refresh()
    app.users.add("todo", PASSWORD, "admin")
    client = app.server.test_client()
    token = client.post("/api/auth/login", json={"username": "todo", "password": PASSWORD}).json["data"]["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    one, = client.get(f"/api/recordings/{GSM}", headers=headers).json["data"]["recordings"]
    assert (one["state"], one["words"], one["name"]) == ("missing", "La carpeta de las grabaciones no existe", "")
    for kind in ("stream", "waveform", "download"):
        answer = client.get(f"/api/recordings/{kind}/{GSM}", headers=headers)
        assert (answer.status_code, answer.json["error"]["message"]) == (404, one["words"])
    record(tmp_path / "monitor" / FOLDER / GSM_NAME, 2)
    (tmp_path / "var" / "audio").write_text("in the way")
    for kind in ("stream", "waveform"):
        answer = client.get(f"/api/recordings/{kind}/{GSM}", headers=headers)
        assert (answer.status_code, answer.json["error"]["message"]) == (
            503, "En este momento el servidor no puede preparar la grabación.")


# -- the sound ---------------------------------------------------------------------------------------


def test_the_file_of_a_browser_goes_as_it_is(site):
    answer = site.get(f"stream/{WAV}")
    assert (answer.status_code, answer.mimetype, answer.headers["Accept-Ranges"]) == (200, "audio/wav", "bytes")
    assert answer.get_data() == (site.base / FOLDER / WAV_NAME).read_bytes()
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("callid, number, seconds", [(GSM, 0, 20), (BOTH, 0, 21), (KILLED, 0, 12)])
def test_what_browsers_do_not_play_goes_as_pcm(site, callid, number, seconds):
    answer = site.get(f"stream/{callid}?file={number}")
    sound = np.frombuffer(answer.get_data()[44:], dtype="<i2")
    assert (answer.status_code, answer.mimetype) == (200, "audio/wav")
    assert answer.headers["Content-Disposition"].endswith(".wav")
    assert answer.content_length == 44 + len(sound) * 2
    assert len(sound) / RATE == seconds
    assert pitch(sound) == pytest.approx(PITCH, abs=2)


@pytest.mark.parametrize("callid", [WAV, GSM])
def test_parts(site, callid):
    whole = site.get(f"stream/{callid}").get_data()
    size = len(whole)
    for asked, low, high in (("0-", 0, size), ("0-0", 0, 1), ("100-199", 100, 200), (f"{size - 1}-", size - 1, size),
                             ("-500", size - 500, size), (f"1000-{size * 2}", 1000, size), (f"-{size * 2}", 0, size)):
        part = site.get(f"stream/{callid}", Range=f"bytes={asked}")
        assert part.status_code == 206, asked
        assert part.headers["Content-Range"] == f"bytes {low}-{high - 1}/{size}"
        assert part.content_length == high - low
        assert part.get_data() == whole[low:high]


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-999999999", "bytes=5-1", "bytes=x", "bytes="])
def test_a_part_that_is_not_there(site, asked):
    answer = site.get(f"stream/{WAV}", Range=asked)
    assert (answer.status_code, answer.json["error"]["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{44 + 65 * RATE * 2}"


@pytest.mark.parametrize("asked", ["items=0-1", "bytes=0-1,5-6"])
def test_what_nobody_has_to_cut_goes_whole(site, asked):
    answer = site.get(f"stream/{WAV}", Range=asked)
    assert (answer.status_code, len(answer.get_data())) == (200, 44 + 65 * RATE * 2)


@pytest.mark.parametrize("callid", [WAV, GSM])
def test_a_part_of_the_same_file_only(site, callid):
    first = site.get(f"stream/{callid}", Range="bytes=0-9")
    for name, value in (("ETag", first.headers["ETag"]), ("Last-Modified", first.headers["Last-Modified"])):
        again = site.get(f"stream/{callid}", Range="bytes=10-19", If_Range=value)
        assert again.status_code == 206, name
    for value in ('"another"', "Tue, 03 Mar 2020 00:00:00 GMT"):
        other = site.get(f"stream/{callid}", Range="bytes=10-19", If_Range=value)
        assert other.status_code == 200
        assert len(other.get_data()) == int(first.headers["Content-Range"].split("/")[1])


def test_an_old_part_goes_on_after_the_converted_file_was_made_again(site):
    first = site.get(f"stream/{GSM}", Range="bytes=0-9")
    for path in (site.folder / "var" / "audio").iterdir():
        path.unlink()
    again = site.get(f"stream/{GSM}", Range="bytes=10-19", If_Range=first.headers["ETag"])
    assert (again.status_code, again.headers["ETag"]) == (206, first.headers["ETag"])


@pytest.mark.parametrize("kind, callid", [("stream", WAV), ("stream", GSM), ("download", GSM)])
def test_the_head_alone(site, kind, callid):
    before = site.written()
    head, whole = (site.get(f"{kind}/{callid}", method=method) for method in ("HEAD", "GET"))
    assert (head.status_code, head.get_data()) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Accept-Ranges", "ETag", "Content-Disposition"):
        assert head.headers[name] == whole.headers[name]
    assert len(site.written()) == len(before) + 1  # the GET's


def test_the_waveform(site):
    data = site.get(f"waveform/{GSM}").json["data"]
    assert data["duration"] == 20
    assert len(data["peaks"]) == 600
    assert min(data["peaks"][5:-5]) > 0.4
    assert max(data["peaks"]) <= 1


def test_a_file_to_save_is_the_original_under_a_name_to_be_read(site):
    answer = site.get(f"download/{GSM}", "marta")
    assert answer.get_data() == (site.base / FOLDER / GSM_NAME).read_bytes()
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=2026-03-03_09-20-00_601_3003334444_{GSM}.gsm")
    part = site.get(f"download/{GSM}", "marta", Range="bytes=33-65")
    assert (part.status_code, part.get_data()) == (206, answer.get_data()[33:66])


# -- who -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who, status", [
    ("todo", (200, 200, 200, 200)), ("sofia", (200, 200, 200, 403)), ("marta", (403, 403, 403, 200)),
    ("eva", (404, 404, 404, 404)), ("leo", (403, 403, 403, 403))])
def test_listening_and_saving_are_two_permissions_and_a_queue_a_third(site, who, status):
    asked = (WAV, f"stream/{WAV}", f"waveform/{WAV}", f"download/{WAV}")
    answers = [site.get(path, who) for path in asked]
    assert tuple(answer.status_code for answer in answers) == status
    for answer in answers:
        if answer.status_code != 200:
            assert WAV_NAME not in answer.get_data(as_text=True)
            assert set(answer.json) == {"success", "error"}


def test_a_user_of_a_queue_hears_its_calls_and_knows_no_others(site):
    assert len(listed(site, GSM, "eva")) == 1
    assert len(listed(site, BOTH, "eva")) == 2  # the call went through her queue
    assert site.get(f"stream/{GSM}", "eva").status_code == 200
    nowhere = f"{DAY}.99"
    for kind in ("", "stream/", "waveform/", "download/"):
        foreign, unknown = site.get(f"{kind}{WAV}", "eva"), site.get(f"{kind}{nowhere}", "eva")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json == unknown.json
    assert site.get(f"stream/{WAV}", "todo").status_code == 200  # somebody else's look opens nothing for her
    assert site.get(f"stream/{WAV}", "eva").status_code == 404


def test_a_file_without_a_call_is_nobodys(site):
    callid = f"{DAY}.77"
    record(site.base / FOLDER / f"q-600-3001112222-20260303-090000-{callid}.wav", 1)
    assert site.app.recordings.with_recording([callid]) == {callid}
    assert [site.get(f"{kind}{callid}").status_code for kind in ("", "stream/", "waveform/", "download/")] == [404] * 4


def test_nobody_hears_without_signing_in(site):
    client = site.app.server.test_client()
    for kind in ("", "stream/", "waveform/", "download/"):
        assert client.get(f"/centro/api/recordings/{kind}{WAV}").status_code == 401


@pytest.mark.parametrize("kind", ["", "stream/", "waveform/", "download/"])
def test_what_is_no_callid_is_not_found(site, kind):
    for callid in EVIL:
        if callid.strip("./"):
            answer = site.get(f"{kind}{quote(callid, safe='')}")
            assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found"), callid


@pytest.mark.parametrize("path", ["../queue_log", "%2e%2e/queue_log", f"stream/../{WAV}", f"stream/{WAV}/..",
                                  "stream/%2fetc%2fpasswd", "stream//etc/passwd", "..%2f..%2fvar%2fapp.db", "stream"])
def test_paths_lead_nowhere(site, path):
    answer = site.get(path)
    assert answer.status_code == 404
    assert answer.json["success"] is False


@pytest.mark.parametrize("number, status", [
    ("0", 200), ("1", 404), ("10000", 404), ("-1", 422), ("x", 422), ("1.5", 422), ("99999999999", 422), ("", 422)])
def test_the_number_of_a_file(site, number, status):
    for kind in ("stream", "waveform", "download"):
        assert site.get(f"{kind}/{WAV}?file={number}").status_code == status


def test_a_link_out_of_the_folder_is_no_recording(site):
    path = site.base / FOLDER / f"q-600-3007778888-20260303-094000-{NONE}.wav"
    path.symlink_to(site.folder / "var" / "app.db")
    try:
        assert listed(site, NONE) == []
        assert site.get(f"download/{NONE}").status_code == 404
    finally:
        path.unlink()


# -- what stays written --------------------------------------------------------------------------------


def test_each_listening_and_each_download_is_written_down(site):
    before = len(site.written())
    site.get(f"stream/{GSM}", "sofia", Range="bytes=0-")
    for low in (1000, 2000, 3000):
        site.get(f"stream/{GSM}", "sofia", Range=f"bytes={low}-{low + 99}")
    site.get(GSM, "sofia")
    site.get(f"waveform/{GSM}", "sofia")
    site.get(f"stream/{GSM}", "sofia", Range="bytes=99999999-")
    site.get(f"download/{GSM}", "sofia")  # refused: a line of its own kind
    site.get(f"download/{GSM}", "marta")
    new = site.written()[:len(site.written()) - before]
    hidden = f"q-601-300***444-20260303-092000-{GSM}.gsm"
    assert new == [("recording_downloaded", "marta", GSM, {"file": hidden}),
                   ("recording_listened", "sofia", GSM, {"file": hidden})]
    site.get(f"stream/{GSM}", "sofia")
    assert len(site.written()) == before + 3  # heard again


@pytest.mark.parametrize("kind, who, action", [("stream", "sofia", "recording_listened"),
                                               ("download", "marta", "recording_downloaded")])
def test_who_leaves_out_the_first_byte_is_written_down_too(site, kind, who, action):
    before = len(site.written())
    for _ in range(3):
        assert site.get(f"{kind}/{KILLED}", who, Range="bytes=1-").status_code == 206
    assert [(row[0], row[2]) for row in site.written()[:len(site.written()) - before]] == [(action, KILLED)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_refused_has_its_words(lang):
    words = {api_recordings.NO_CALL, api_recordings.NO_RECORDING, api_recordings.NO_ROOM, recordings.NOT_THERE}
    assert words <= set(catalogue(lang))


def test_the_description_names_the_endpoints(site):
    described = site.get("/centro/api/openapi.json").json["paths"]
    for kind in ("", "stream/", "waveform/", "download/"):
        found = described[f"/centro/api/recordings/{kind}{{callid}}"]["get"]
        assert found["summary"]
        assert {"bearer": []} in found["security"]
        assert [one["name"] for one in found["parameters"]] == (["callid", "file"] if kind else ["callid"])


# -- a real server, and a browser ----------------------------------------------------------------------


PLAY = """url => new Promise(done => {
  const audio = new Audio(url);
  audio.preload = 'auto';
  audio.onerror = () => done('error ' + audio.error.code);
  audio.onloadedmetadata = () => { audio.currentTime = audio.duration / 2; };
  audio.onseeked = () => done([audio.duration, audio.currentTime]);
})"""


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_chromium_plays_and_seeks_what_the_server_sends(tmp_path, visit):
    (tmp_path / "queue_log").write_text(lines())
    base = tmp_path / "monitor"
    kinds = dict(zip((WAV, GSM, BOTH, NONE, KILLED), ("wav", "gsm", "WAV", "mp3", "ulaw"), strict=True))
    for callid, ending in kinds.items():
        record(base / FOLDER / f"q-600-3001112222-20260303-090955-{callid}.{ending}", 12)
    killed(record(base / FOLDER / f"q-600-3001112222-20260303-090956-{WAV}.WAV", 12))
    (tmp_path / "var").mkdir()
    person(tmp_path, "todo", "admin")
    with serving(tmp_path, QUEUE_LOG_PATH=str(tmp_path / "queue_log"), RECORDINGS_DIR=str(base),
                 TIMEZONE="America/Bogota") as address:
        page = visit(address)
        sign_in(page, username="todo")
        until(page, "document.querySelector('main') !== null")
        for callid, number in (*((callid, 0) for callid in kinds), (WAV, 1)):
            duration, middle = page.evaluate(PLAY, f"/api/recordings/stream/{callid}?file={number}")
            assert duration == pytest.approx(12, abs=0.2), kinds[callid]
            assert middle == pytest.approx(duration / 2, abs=0.1)
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(f"{address}/api/recordings/stream/{WAV}", timeout=10)
        refused.value.close()
        page.close()  # before the server goes: a page that finds none says so on its console

"""Reports over the wire: files at once and as jobs, the same from the shell, and nothing for who may not."""

import csv
import io
import os
import re
import subprocess
import sys
import time
import zipfile
from functools import partial
from types import SimpleNamespace

import openpyxl
import pypdf
import pytest

import app as house
import config
from data.reports import TYPES
from render import cli, exports
from tests.api.conftest import PASSWORD
from tests.reports import FILTERS, WHOLE, lines
from tests.test_rules import ROOT

FORMS = ("excel", "pdf", "csv")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole program over the hard log; `get(name)` is a client signed in as that person."""
    folder = tmp_path_factory.mktemp("exports")
    (folder / "queue_log").write_text(lines())
    app = house.create_app(config.load(QUEUE_LOG_PATH=folder / "queue_log", DATA_DIR=folder / "var",
                                       TIMEZONE="America/Bogota", COMPANY_NAME="Ñandú S.A."))
    app.store.refresh()
    people = {"ana": ("manager", {}), "eva": ("supervisor", {}), "leo": ("viewer", {"given": ["downloads"]}),
              "nora": ("manager", {"taken": ["numbers"], "queues": ["Soporte"]}), "root": ("admin", {}),
              "max": ("manager", {"taken": ["downloads"]})}
    for name, (role, more) in people.items():
        app.users.add(name, PASSWORD, role, **more)
    tokens = {}

    def client(name):
        made = app.server.test_client()
        if name not in tokens:
            answer = made.post("/api/auth/login", json={"username": name, "password": PASSWORD})
            tokens[name] = answer.json["data"]["access_token"]
        made.open = partial(made.open, buffered=True)  # files are closed with their answers
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {tokens[name]}"
        return made
    yield SimpleNamespace(app=app, folder=folder, client=client)
    app.store.book.close()


def finished(client, job, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        found = client.get(f"/api/reports/jobs/{job['id']}").json["data"]
        if found["state"] not in ("waiting", "running"):
            return found
        assert time.monotonic() < deadline


@pytest.mark.parametrize("query", FILTERS)
def test_csv_says_what_json_says(site, query):
    client = site.client("ana")
    addresses = {"daily": ("calls/daily-summary", "days"), "hourly": ("calls/hourly-distribution", "hours"),
                 "intervals": ("calls/intervals", "intervals"), "agents": ("agents/list", "agents"),
                 "events": ("calls/disposition-summary", "events"), "calls": ("calls/list", "calls")}
    heads = {"Ofrecidas": "offered", "Atendidas": "answered", "Abandonadas": "abandoned", "Por tiempo": "timeout",
             "Cantidad": "count"}
    for kind, (address, key) in addresses.items():
        answer = client.get(f"/api/{address}?{query}&page_size=500").json["data"]
        raw = client.get(f"/api/reports/export/{kind}/csv?{query}")
        assert raw.status_code == 200
        head, *rows = csv.reader(io.StringIO(raw.get_data().decode("utf-8-sig"), newline=""), delimiter=";")
        rows = rows[:-1] if rows else rows
        assert len(rows) == len(answer[key]), kind
        for place, words in enumerate(head):
            if words in heads and kind != "calls":
                assert [row[place] for row in rows] == [str(row[heads[words]]) for row in answer[key]], (kind, words)
        if kind == "calls":
            assert [row[-1] for row in rows] == [row["callid"] for row in answer["calls"]]
    total = client.get(f"/api/calls/statistics?{query}").json["data"]
    raw = client.get(f"/api/reports/export/queues/csv?{query}").get_data().decode("utf-8-sig").splitlines()
    if total["offered"]:
        assert raw[-1].split(";")[1:4] == [str(total[name]) for name in ("offered", "answered", "abandoned")]


@pytest.mark.parametrize("form, kinds", [("csv", TYPES), ("excel", ("general", "calls")), ("pdf", ("general",))])
def test_api_and_shell_give_the_same_bytes_but_for_the_date(site, form, kinds, tmp_path):
    client = site.client("root")
    for kind in kinds:
        out = tmp_path / f"{kind}.{form}"
        subprocess.run(
            [sys.executable, str(ROOT / "app.py"), "report", kind, form, "--start", "2026-03-02", "--end", "2026-03-11",
             "--out", str(out)], check=True, cwd=tmp_path,
            env={**os.environ, "QUEUE_LOG_PATH": str(site.folder / "queue_log"), "DATA_DIR": str(site.folder / "var"),
                 "TIMEZONE": "America/Bogota", "COMPANY_NAME": "Ñandú S.A."})
        answer = client.get(f"/api/reports/export/{kind}/{form}?{WHOLE}")
        assert answer.status_code == 200, answer.get_data()[:300]
        assert dateless(form, answer.get_data()) == dateless(form, out.read_bytes()), kind


def dateless(form, raw):
    """The content without the moment at which it was made."""
    moment = re.compile(rb"\d\d/\d\d/\d{4} \d\d:\d\d(?![\d:])|20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    if form == "csv":
        return raw
    if form == "excel":
        with zipfile.ZipFile(io.BytesIO(raw)) as held:
            return {name: moment.sub(b"", held.read(name)) for name in held.namelist()}
    return [moment.sub(b"", page.extract_text().encode()) for page in pypdf.PdfReader(io.BytesIO(raw)).pages]


def test_a_job_is_begun_watched_and_fetched(site):
    client = site.client("ana")
    begun = client.post(f"/api/reports/export/calls/excel?{WHOLE}&origin=all")
    assert begun.status_code == 202
    job = begun.json["data"]
    assert job["state"] in ("waiting", "running")
    assert job["name"] == "reporte-llamadas_2026-03-02_2026-03-11.xlsx"
    found = finished(client, job)
    assert (found["state"], found["rows"], found["share"], found["notes"]) == ("done", 309, 1.0, [])
    answer = client.get(found["file"])
    assert 'filename=reporte-llamadas_2026-03-02_2026-03-11.xlsx' in answer.headers["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    assert book["Llamadas"].max_row == 302
    assert job["id"] in [one["id"] for one in client.get("/api/reports/jobs").json["data"]["jobs"]]
    other = site.client("root")
    assert other.get(f"/api/reports/jobs/{job['id']}").status_code == 404
    assert other.get(found["file"]).status_code == 404
    assert other.delete(f"/api/reports/jobs/{job['id']}").status_code == 404
    assert client.delete(f"/api/reports/jobs/{job['id']}").status_code == 200
    assert client.get(found["file"]).status_code == 404


@pytest.mark.parametrize("name", ["eva", "leo", "max"])
def test_without_the_right_to_save_or_to_reports_there_is_no_export(site, name):
    client = site.client(name)
    for form in FORMS:
        for kind in TYPES:
            for ask in (client.get, client.post):
                answer = ask(f"/api/reports/export/{kind}/{form}?{WHOLE}")
                assert answer.status_code == 403
                assert answer.json["success"] is False
    assert site.app.server.test_client().get("/api/reports/export/daily/csv").status_code == 401


def test_masked_numbers_and_foreign_queues_stay_so_in_every_form(site):
    client = site.client("nora")
    query = f"{WHOLE}&origin=all"
    raw = client.get(f"/api/reports/export/calls/csv?{query}").get_data().decode()
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/api/reports/export/calls/excel?{query}").get_data()))
    pages = pypdf.PdfReader(io.BytesIO(client.get(f"/api/reports/export/calls/pdf?{query}").get_data())).pages
    sheet = "\n".join(str(cell) for row in book["Llamadas"].values for cell in row)
    paper = "\n".join(page.extract_text() for page in pages)
    for words in (raw, sheet, paper):
        assert "+57***" in words
        assert not re.search(r"57300\d{7}", words)
        assert "Soporte" in words
        assert "Ventas" not in words


def test_a_file_made_with_more_rights_is_not_given_any_more(site):
    client = site.client("ana")
    found = finished(client, client.post(f"/api/reports/export/calls/csv?{WHOLE}").json["data"])
    assert client.get(found["file"]).status_code == 200
    site.app.users.update("ana", queues=["Soporte"])
    try:
        assert client.get(found["file"]).status_code == 404
    finally:
        site.app.users.update("ana", queues=None)


@pytest.mark.parametrize("address, word", [
    ("general/word", "format"), ("nothing/csv", "type"), ("daily/csv?start_date=yesterday", "start_date"),
    ("daily/csv?start_date=2026-03-05&end_date=2026-03-01", "end_date"), ("daily/csv?origin=moon", "origin"),
    ("daily/csv?paper=a5", "paper"), ("daily/csv?separator=;", "separator"), ("calls/csv?unit=miles", "unit"),
    ("calls/csv?sort=colour", "sort"), ("calls/csv?outcome=eaten", "outcome"), ("daily/csv?lang=fr", "lang"),
    ("intervals/csv?interval=15&start_date=2010-01-01&end_date=2026-01-01", "interval"),
    ("daily/csv?lang=es&lang=en", "lang"), ("daily/csv?interval=7", "interval")])
def test_what_cannot_be_understood_is_named(site, address, word):
    for ask in (site.client("ana").get, site.client("ana").post):
        answer = ask(f"/api/reports/export/{address}")
        assert answer.status_code == 422
        assert word in answer.json["error"]["message"]


def test_separators_languages_and_the_list_as_journeys(site):
    client = site.client("ana")

    def first(query):
        return client.get(f"/api/reports/export/{query}").get_data().decode("utf-8-sig").splitlines()
    assert first(f"daily/csv?{WHOLE}")[0].startswith("Fecha;Ofrecidas;")
    assert first(f"daily/csv?{WHOLE}&lang=en")[0].startswith("Date,Offered,")
    assert first(f"daily/csv?{WHOLE}&separator=tab")[0].startswith("Fecha\tOfrecidas\t")
    assert ",00" in first(f"queues/csv?{WHOLE}")[-1] or re.search(r";\d+,\d\d;", first(f"queues/csv?{WHOLE}")[-1])
    journeys = first(f"calls/csv?{WHOLE}&unit=calls")
    assert journeys[0].split(";")[3:5] == ["Colas", "Agentes"]
    listed = client.get(f"/api/calls/list?{WHOLE}&unit=calls").json
    assert len(journeys) == listed["data"]["total"] + 2
    longest = first(f"calls/csv?{WHOLE}&sort=-wait&outcome=abandoned")
    waits = [row.split(";")[6] for row in longest[1:-1]]
    assert waits == sorted(waits, reverse=True)
    assert {row.split(";")[5] for row in longest[1:-1]} == {"Abandonada"}


def test_exports_leave_a_line_in_the_audit(site):
    site.client("ana").get(f"/api/reports/export/agents/csv?{WHOLE}")
    newest = site.app.users.audit(1)[0]
    assert (newest["action"], newest["username"], newest["target"]) == ("export", "ana",
                                                                        "/api/reports/export/agents/csv")


def test_the_commands_know_the_same_words(site):
    assert cli.TYPES == TYPES
    assert set(cli.FORMATS) == set(exports.ENDINGS)


def test_the_shell_names_what_it_cannot_understand(site, tmp_path):
    run = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "report", "daily", "csv", "--start", "soon", "--end", "2026-03-01",
         "--out", str(tmp_path / "x")], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "QUEUE_LOG_PATH": str(site.folder / "queue_log"), "DATA_DIR": str(tmp_path / "var")})
    assert (run.returncode, run.stderr) == (2, "--start: must be a day written YYYY-MM-DD.\n")


@pytest.mark.parametrize("command", [
    ["report", "general", "csv", "--start", "2026-03-01", "--end", "2026-03-01", "--out", "file"],
    ["dump", "legs", "--out", "file"], ["dump", "events", "--out", "file"]])
def test_without_a_log_the_shell_writes_no_zeros(site, tmp_path, command):
    log = tmp_path / "queue_log"

    def run():
        return subprocess.run(
            [sys.executable, str(ROOT / "app.py"), *command], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "QUEUE_LOG_PATH": str(log), "DATA_DIR": str(tmp_path / "var"), "TIMEZONE": "UTC"})
    missing = run()
    assert missing.returncode == 2 and len(missing.stderr.splitlines()) == 1
    assert missing.stderr.startswith(f"The log file does not exist: {log}")
    assert not (tmp_path / "file").exists()
    log.write_bytes((site.folder / "queue_log").read_bytes())
    found = run()
    assert (found.returncode, found.stderr) == (0, "")
    first = (tmp_path / "file").read_bytes()
    log.unlink()  # what was read is there; what is wrong is said beside it
    after = run()
    assert after.returncode == 0 and after.stderr.startswith(f"The log file does not exist: {log}")
    assert (tmp_path / "file").read_bytes() == first


def test_of_an_empty_log_there_are_no_calls_and_nothing_is_wrong(tmp_path):
    (tmp_path / "queue_log").touch()
    run = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "dump", "legs"], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "QUEUE_LOG_PATH": str(tmp_path / "queue_log"), "DATA_DIR": str(tmp_path / "var"),
             "TIMEZONE": "UTC"})
    assert (run.returncode, run.stderr, len(run.stdout.splitlines())) == (0, "", 1)

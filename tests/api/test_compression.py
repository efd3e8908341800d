"""What leaves compressed, what does not, and what a browser is not sent twice."""

import gzip
import re
from functools import partial

import brotli
import pytest

from api.compression import Scripts

ASK = {"Accept-Encoding": "gzip, deflate"}


@pytest.fixture
def signed(client, bearer):
    client.open = partial(client.open, buffered=True)  # files are closed with their answers
    client.environ_base["HTTP_AUTHORIZATION"] = bearer()["Authorization"]
    return client


def scripts(client) -> list[str]:
    page = client.get("/").text
    return re.findall(r'src="(/_dash-component-suites/[^"]+)"', page)


def test_a_page_and_the_answer_of_the_api_are_compressed_for_who_asks(signed):
    for path in ("/", "/api/openapi.json", "/_dash-layout", "/_dash-dependencies"):
        plain, packed = signed.get(path), signed.get(path, headers=ASK)
        assert plain.status_code == packed.status_code == 200, path
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip", path
        assert len(packed.data) < 0.6 * len(plain.data), path
        assert int(packed.headers["Content-Length"]) == len(packed.data)
        assert "Accept-Encoding" in plain.headers["Vary"] and "Accept-Encoding" in packed.headers["Vary"]
    plain = signed.get("/api/openapi.json")
    assert gzip.decompress(signed.get("/api/openapi.json", headers=ASK).data) == plain.data
    packed = signed.get("/api/openapi.json", headers={"Accept-Encoding": "gzip, br"})
    assert brotli.decompress(packed.data) == plain.data


def test_a_script_of_a_component_comes_compressed_once(signed):
    found = scripts(signed)
    assert len(found) > 5
    for path in found[:6]:
        plain, packed = signed.get(path), signed.get(path, headers=ASK)
        assert packed.headers["Content-Encoding"] == "gzip", path
        assert gzip.decompress(packed.data) == plain.data
        tag = packed.headers.get("ETag")
        if tag:
            again = signed.get(path, headers={**ASK, "If-None-Match": tag})
            assert (again.status_code, again.data) == (304, b"")


def test_a_file_of_ours_comes_compressed_and_is_not_sent_again(signed):
    plain, packed = signed.get("/assets/b-app/app.css"), signed.get("/assets/b-app/app.css", headers=ASK)
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < 0.4 * len(plain.data)
    again = signed.get("/assets/b-app/app.css", headers={**ASK, "If-None-Match": packed.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_only_scripts_are_kept_and_each_once_whatever_version_an_address_names(made, signed):
    kept = next(function.__self__ for function in made.server.after_request_funcs[None]
                if type(getattr(function, "__self__", None)).__name__ == "Compress").cache
    assert isinstance(kept, Scripts)
    path = next(one for one in scripts(signed) if ".v" in one)
    signed.get(path, headers=ASK)
    before = set(kept.kept)
    for version in range(5):
        other = re.sub(r"\.v[^.]*m\d+\.", f".v{version}m{version}.", path)
        assert other != path
        assert signed.get(other, headers=ASK).headers["Content-Encoding"] == "gzip"
    signed.get("/", headers=ASK)
    signed.get("/api/calls/recent", headers=ASK)
    assert set(kept.kept) == before
    assert all(name.partition(";")[2].endswith(".js") for name in kept.kept)


def test_what_is_compressed_already_and_a_list_of_lines_leave_as_they_are(signed):
    for form in ("excel", "csv", "pdf"):
        answer = signed.get(f"/api/reports/export/queues/{form}?start_date=2026-03-03&end_date=2026-03-03", headers=ASK)
        assert answer.status_code == 200, answer.text
        assert "Content-Encoding" not in answer.headers

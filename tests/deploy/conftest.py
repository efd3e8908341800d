"""What the tests of an installation share."""

import contextlib
import hashlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.browsing import PASSWORD, ROOT

DEBIAN_PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="session")
def root_here() -> None:
    """Namespaces, users and ports below 1024 are root's."""
    if os.geteuid() != 0:
        assert os.environ.get("CI") != "true", "these tests have to run as root"
        pytest.skip("only root can make a machine of its own")


@pytest.fixture(scope="session")
def wheels() -> Path:
    """The Python packages as files, fetched once for a state of requirements.txt."""
    version = subprocess.run(
        [DEBIAN_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        check=True,
        text=True,
        capture_output=True,
    ).stdout.strip()
    wanted = ROOT / "requirements.txt"
    name = hashlib.sha256(wanted.read_bytes() + version.encode()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"call-center-analytics-wheels-{name}"
    if not (folder / "complete").exists():
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary",
                ":all:",
                "--python-version",
                version,
                "--requirement",
                str(wanted),
                "--dest",
                str(folder),
            ],
            check=True,
        )
        (folder / "complete").touch()
    return folder


class Visitor:
    """A client of the API and of pages at an address of this machine, with the cookies it was given."""

    def __init__(self, port: int, source: str = "127.0.0.1", certificate: Path | None = None, prefix: str = "/"):
        self.port, self.source, self.prefix = port, source, prefix
        self.trust = ssl.create_default_context(cafile=str(certificate)) if certificate else None
        self.cookies: dict[str, str] = {}
        self.token = ""

    def ask(self, method: str, path: str, body: str | bytes | None = None, **headers: str) -> HTTPResponse:
        """The whole answer; `data` is its body, `set` the lines that set cookies."""
        made = (
            HTTPSConnection("localhost", self.port, timeout=60, source_address=(self.source, 0), context=self.trust)
            if self.trust
            else HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(self.source, 0))
        )
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        with contextlib.closing(made):
            made.request(method, self.prefix + path.lstrip("/"), body=body, headers=sent)
            answer = made.getresponse()
            answer.data = answer.read()
        answer.set = answer.headers.get_all("Set-Cookie") or []
        for line in answer.set:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def json(self, path: str, **headers: str) -> dict:
        return json.loads(self.ask("GET", path, **headers).data)

    def sign_in(self, username: str, **headers: str) -> HTTPResponse:
        """Through the page, with cookies."""
        return self.ask(
            "POST",
            "login",
            urlencode({"username": username, "password": PASSWORD}),
            Content_Type="application/x-www-form-urlencoded",
            **headers,
        )

    def bear(self, username: str, password: str = PASSWORD) -> "Visitor":
        """Through the API, with a token from now on."""
        answer = self.ask(
            "POST",
            "api/auth/login",
            json.dumps({"username": username, "password": password}),
            Content_Type="application/json",
        )
        assert answer.status == 200, answer.data
        self.token = json.loads(answer.data)["data"]["access_token"]
        return self


def up(address: str) -> dict | None:
    """What /health says there; None while nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)
    except OSError:
        return None

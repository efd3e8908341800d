"""The image's steps in a clean root, and the service that its last line starts; no Docker engine is needed."""

import contextlib
import io
import json
import re
import shlex
import subprocess
from pathlib import Path

import pathspec
import pytest
from dockerfile_parse import DockerfileParser

from tests.browsing import ROOT, free_port
from tests.deploy.conftest import up
from tests.deploy.machine import Machine, wait_for

pytestmark = pytest.mark.xdist_group("deploy")


class Image:
    """What a Dockerfile makes of a machine. Of a base image Python and a shell are there: those of this machine."""

    def __init__(self, machine: Machine, dockerfile: Path, offline: dict[str, str]):
        self.machine, self.offline = machine, offline
        self.folder, self.user, self.env = "/", "0", {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.command: list[str] = []
        self.health: list[str] = []
        self.ports: list[str] = []
        lines = (dockerfile.parent / ".dockerignore").read_text().split()
        # There a pattern without a slash is one of the root; in git's reading, which is used here, of every folder.
        self.ignored = pathspec.GitIgnoreSpec.from_lines(
            line if line.startswith("**") else re.sub(r"^(!?)", r"\1/", line) for line in lines
        )
        parser = DockerfileParser(fileobj=io.BytesIO(dockerfile.read_bytes()))
        steps = {
            "FROM": self.base,
            "RUN": self.run,
            "WORKDIR": self.workdir,
            "COPY": self.copy,
            "ENV": self.variables,
            "USER": self.become,
            "VOLUME": self.volume,
            "EXPOSE": self.ports.append,
            "HEALTHCHECK": self.healthcheck,
            "CMD": self.cmd,
        }
        for step in parser.structure:
            if step["instruction"] != "COMMENT":
                steps[step["instruction"]](step["value"])

    def within(self, *words: str, **more: str) -> list[str]:
        """What runs these words in the image as its user, with its variables."""
        who = [
            "setpriv",
            "--reuid",
            self.user,
            "--regid",
            self.user,
            "--clear-groups",
            "--no-new-privs",
            "--bounding-set=-all",
        ]
        return self.machine.command(
            "env",
            "-i",
            *(f"{k}={v}" for k, v in {**self.env, **more}.items()),
            *(who if self.user != "0" else []),
            *words,
            folder=self.folder,
        )

    def base(self, value: str) -> None:
        assert re.fullmatch(r"python:3\.1\d-slim-\w+", value)
        self.machine.run("ln", "-s", "/usr/bin/python3", "/usr/local/bin/python")

    def run(self, value: str) -> None:
        done = subprocess.run(self.within("sh", "-c", value, **self.offline), capture_output=True, text=True)
        assert done.returncode == 0, f"{value}\n{done.stdout}\n{done.stderr}"

    def workdir(self, value: str) -> None:
        self.folder = value
        self.machine.run("mkdir", "-p", value)

    def copy(self, value: str) -> None:
        *sources, into = value.split()
        assert into == "./"
        for source in sources:
            start = Path("/usr/src/program") / source
            found = self.machine.run("find", str(start), "-type", "f").stdout.splitlines()
            for name in found:
                inner = str(Path(name).relative_to("/usr/src/program"))
                if not self.ignored.match_file(inner):
                    there = self.machine.path(f"{self.folder}/{inner}")
                    there.parent.mkdir(parents=True, exist_ok=True)
                    there.write_bytes(self.machine.path(name).read_bytes())

    def variables(self, value: str) -> None:
        for word in shlex.split(value):
            name, _, given = word.partition("=")
            self.env[name] = given

    def become(self, value: str) -> None:
        self.user = value

    def volume(self, value: str) -> None:
        for place in json.loads(value):
            assert self.machine.path(place).is_dir()

    def healthcheck(self, value: str) -> None:
        self.health = json.loads(value.partition("CMD ")[2])

    def cmd(self, value: str) -> None:
        self.command = json.loads(value)


@pytest.fixture(scope="module")
def image(root_here, wheels):
    """Packages come from files that were fetched before, and are compiled when they are used: that is faster."""
    with Machine(wheels, boot=False) as machine:
        yield Image(
            machine, ROOT / "Dockerfile", {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels", "PIP_NO_COMPILE": "1"}
        )


def test_in_the_image_is_the_program_and_nothing_else(image):
    there = set(image.machine.run("ls", "-A", "/app").stdout.split())
    assert {"app.py", "config.py", "assets", "translations", "deploy", "requirements.txt"} <= there
    assert not there & {"tests", ".git", ".venv", "var", ".env", "README.md", "compose.yaml"}
    assert image.machine.run("find", "/app", "-name", "*.po").stdout


def test_it_serves_as_a_user_of_its_own_and_says_that_it_is_well(image):
    assert image.user == "10001"
    assert image.machine.run("stat", "-c", "%u %a", "/data").stdout.split() == ["10001", "700"]
    image.machine.write(
        "/log/queue_log", "1772514000|1.1|600|NONE|ENTERQUEUE||3001112222|1\n1772514040|1.1|600|NONE|ABANDON|1|1|40\n"
    )
    port = free_port()
    more = {"TIMEZONE": "America/Bogota", "SERVER_PORT": str(port)}
    assert subprocess.run(image.within(*image.health, **more), capture_output=True).returncode == 1, (
        "nobody answers yet"
    )
    with contextlib.ExitStack() as stack:
        output = stack.enter_context((image.machine.path("/tmp") / "service.log").open("w+b"))
        process = stack.enter_context(
            subprocess.Popen(image.within(*image.command, **more), stdout=output, stderr=subprocess.STDOUT)
        )
        stack.callback(lambda: image.machine.run("pkill", "-u", "10001", check=False))

        def said() -> str:
            output.seek(0)
            return output.read().decode(errors="replace")

        wait_for(
            lambda: process.poll() is not None or (up(f"http://127.0.0.1:{port}/health") or {}).get("version"),
            said,
            120,
        )
        assert process.poll() is None, said()
        assert subprocess.run(image.within(*image.health, **more)).returncode == 0
        told = subprocess.run(image.within("python", "app.py", "doctor", **more), capture_output=True, text=True)
        assert "/usr/bin/chromium" in told.stdout, told
        owners = set(image.machine.run("find", "/data", "-printf", "%U\n").stdout.split())
        assert owners == {"10001"}

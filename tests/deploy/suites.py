"""`make installs`: the installer on releases of Debian fresh from debootstrap, each a machine with its own systemd.

Not among the tests: every release is fetched anew, packages and all. For each, the installer brings what is missing,
puts the service there and starts it; it must answer, know the log, and be sandboxed as where it was written.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.browsing import PASSWORD, free_port
from tests.deploy.conftest import Visitor, up
from tests.deploy.machine import Machine, wait_for
from tests.deploy.test_install import INSTALL, LOG, SERVICE, call

SUITES = ("bookworm", "trixie")
# So that packages come from where they come from here.
ROADS = ("resolv.conf", "hosts", "pip.conf", "xdg/pip", "ssl/certs/ca-certificates.crt")
EXPOSED = 3.0  # of 10, in the words of `systemd-analyze security`


def mirror() -> str:
    """Where this machine has its packages from."""
    for path in (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list")):
        text = path.read_text() if path.exists() else ""
        found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+)", text, re.MULTILINE)
        if found:
            return found[1]
    sys.exit("no mirror of Debian in /etc/apt")


def bootstrap(suite: str, base: Path) -> None:
    """A system that can start and reach its packages, and nothing more."""
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus,ca-certificates",
         suite, str(base), mirror()], capture_output=True, text=True)
    if made.returncode:
        sys.exit(f"{suite}: {made.stdout[-2000:]}{made.stderr[-2000:]}")
    for name in ROADS:
        here, there = Path("/etc", name), base / "etc" / name
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_dir():
            shutil.copytree(here, there, dirs_exist_ok=True)
        elif here.exists():
            there.unlink(missing_ok=True)
            shutil.copyfile(here, there)


def install(suite: str, base: Path, wheels: Path) -> None:
    """AssertionError when anything is not as it should be."""
    with Machine(wheels, base=base) as machine:
        machine.write(LOG, call(1, 600) + call(2, 500), 0o640)
        machine.run(INSTALL, "--no-start")
        settings, port = machine.path(f"/etc/{SERVICE}/env"), free_port()
        settings.write_text(settings.read_text() + f"SERVER_PORT={port}\nTIMEZONE=America/Bogota\n")
        began = time.monotonic()
        second = machine.run(INSTALL).stdout
        assert "It answers" in second, second
        again = time.monotonic() - began
        address = f"http://127.0.0.1:{port}/health"
        wait_for(lambda: (up(address) or {}).get("status") == "ok", lambda: machine.journal("-u", SERVICE))
        machine.run(SERVICE, "users", "add", "ana", "--role", "manager", "--password-stdin", given=PASSWORD)
        visitor = Visitor(port).bear("ana")
        offered = visitor.json("/api/dashboard/summary?period=last_7&origin=all")["data"]["totals"]["offered"]
        assert offered == 2, offered
        said = machine.run(SERVICE, "doctor", check=False).stdout
        assert "Traceback" not in said and f">> /etc/{SERVICE}/env" in said, said
        exposure = machine.run("systemd-analyze", "security", SERVICE, check=False).stdout.strip().splitlines()[-1]
        found = re.search(r": ([\d.]+)", exposure)
        assert found and float(found[1]) < EXPOSED, exposure
        name = re.search(r'^PRETTY_NAME="(.*)"', machine.path("/etc/os-release").read_text(), re.MULTILINE)
        python = re.search(r"^Python: (\S+)", second, re.MULTILINE)
        systemd = machine.run("systemctl", "--version").stdout.split()[1]
        assert name and python, second
        print(f"{name[1]}: {python[1]}, systemd {systemd}, exposure {found[1]}, installed again in {again:.0f} s",
              flush=True)


def main(suites: list[str]) -> None:
    for suite in suites or SUITES:
        with tempfile.TemporaryDirectory(prefix="suite-") as name:
            base, wheels = Path(name, "base"), Path(name, "wheels")
            wheels.mkdir()
            bootstrap(suite, base)
            install(suite, base, wheels)


if __name__ == "__main__":
    main(sys.argv[1:])

"""`deploy/install.sh` on a clean Debian with systemd: the service as it runs at a customer's, sandbox and all."""

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pypdf
import pytest

from tests.browsing import PASSWORD, free_port
from tests.deploy.conftest import Visitor, up
from tests.deploy.machine import Machine, wait_for

pytestmark = pytest.mark.xdist_group("deploy")
SERVICE = "call-center-analytics"
INSTALL = "/usr/src/program/deploy/install.sh"
LOG = "/var/log/asterisk/queue_log"
ALL = "start_date=2020-01-01&end_date=2040-12-31"


def call(number: int, ago: int) -> str:
    then = int(time.time()) - ago
    return (
        f"{then}|{then}.{number}|600|NONE|ENTERQUEUE||3001112222|1\n"
        f"{then + 40}|{then}.{number}|600|NONE|ABANDON|1|1|40\n"
    )


@pytest.fixture(scope="module")
def server(root_here, wheels):
    """The machine after: installed without a start, one setting changed, installed again."""
    with Machine(wheels) as machine:
        machine.write(LOG, call(1, 600) + call(2, 500), 0o640)
        machine.write("/var/spool/asterisk/monitor/q-600.wav", "", 0o640)
        machine.run("chmod", "750", "/var/spool/asterisk")  # as its packages make it
        first = machine.run(INSTALL, "--wheels", "/wheels", "--no-start").stdout
        port = free_port()
        settings = machine.path(f"/etc/{SERVICE}/env")
        settings.write_text(
            settings.read_text() + f"SERVER_PORT={port}\nTIMEZONE=America/Bogota\nREFRESH_SECONDS=0.5\n"
        )
        second = machine.run(INSTALL, "--wheels", "/wheels").stdout
        machine.run(SERVICE, "users", "add", "ana", "--role", "manager", "--password-stdin", given=PASSWORD)
        yield SimpleNamespace(
            machine=machine, port=port, first=first, second=second, health=lambda: up(f"http://127.0.0.1:{port}/health")
        )
        print(machine.journal("-u", SERVICE)[-3000:])


def main_pid(server) -> int:
    """The first process of the service, by the number it has here."""
    inside = server.machine.unit(SERVICE, "MainPID")["MainPID"]
    for process in psutil.Process(server.machine.pid).children(recursive=True):
        status = server.machine.path("").parent.parent / str(process.pid) / "status"
        if inside != "0" and status.read_text().split("NSpid:")[1].splitlines()[0].split()[-1] == inside:
            return process.pid
    raise AssertionError(inside)


def offered(server) -> int:
    return (
        Visitor(server.port).bear("ana").json(f"api/calls/statistics?{ALL}")["data"]["offered"]
    )


def test_it_says_what_it_does_and_starts_when_it_is_told_to(server):
    for words in (
        "User: callcenter, without a password or a shell",
        "Python packages: /wheels",
        f"setfacl -R -m u:callcenter:rX {Path(LOG).parent}",
        "setfacl -m u:callcenter:x /var/spool/asterisk\n",
        "Not started. Start it with: systemctl enable --now call-center-analytics",
        "First sign-in: user admin",
    ):
        assert words in server.first, server.first
    assert f"It answers at http://127.0.0.1:{server.port}/" in server.second
    assert server.machine.run("systemctl", "is-enabled", SERVICE).stdout.strip() == "enabled"


def test_the_service_is_a_user_of_its_own_that_reads_the_log_by_a_right_on_it_alone(server):
    process = psutil.Process(main_pid(server))
    passwd = server.machine.run("getent", "passwd", "callcenter").stdout.split(":")
    assert set(process.uids()) == {int(passwd[2])}
    assert int(passwd[2]) != 0
    assert passwd[-1].strip().endswith("nologin")
    assert server.machine.run("id", "-nG", "callcenter").stdout.split() == ["callcenter"]
    assert server.machine.path(LOG).stat().st_mode & 0o007 == 0
    wait_for(lambda: offered(server) == 2)
    env = server.machine.path(f"/etc/{SERVICE}/env")
    assert (env.stat().st_mode & 0o777, env.stat().st_uid, env.stat().st_gid) == (0o640, 0, int(passwd[3]))
    data = server.machine.path(f"/var/lib/{SERVICE}").stat()
    assert (data.st_mode & 0o777, data.st_uid) == (0o700, int(passwd[2]))
    found = server.machine.run(
        "find", f"/opt/{SERVICE}", "-user", "callcenter", "-o", "-perm", "/022", "-not", "-type", "l"
    )
    assert found.stdout == "", "the program belongs to root and only root may change it"


def test_again_nothing_changes(server):
    before, links = (
        main_pid(server),
        server.machine.run("ls", "-lR", "--time-style=full-iso", "/etc", f"/opt/{SERVICE}").stdout,
    )
    again = server.machine.run(INSTALL, "--wheels", "/wheels").stdout
    assert "Nothing changed." in again
    assert main_pid(server) == before

    def plain(listed):  # /etc/machine-id and the like are the system's own business
        return [line for line in listed.splitlines() if SERVICE in line or "callcenter" in line]

    assert plain(server.machine.run("ls", "-lR", "--time-style=full-iso", "/etc", f"/opt/{SERVICE}").stdout) == plain(
        links
    )


def test_after_a_rotation_that_makes_the_log_anew_it_is_still_read(server):
    server.machine.write("/root/rotate", f"{LOG} {{\n rotate 3\n create 640 root root\n dateext\n}}\n")
    before = offered(server)
    server.machine.run("logrotate", "-f", "/root/rotate")
    assert server.machine.run("stat", "-c", "%a %U %s", LOG).stdout.split()[1:] == ["root", "0"]
    with server.machine.path(LOG).open("a") as log:
        log.write(call(3, 100))
    wait_for(lambda: offered(server) == before + 1)
    # As Asterisk makes one: a new file of a process with that mask.
    server.machine.run("mv", LOG, f"{LOG}.1")
    server.machine.run("sh", "-c", f"umask 027; : >{LOG}")
    with server.machine.path(LOG).open("a") as log:
        log.write(call(4, 50))
    wait_for(lambda: offered(server) == before + 2)


def test_inside_its_sandbox_nothing_else_can_be_written_and_charts_are_drawn(server):
    number = str(main_pid(server))

    def inside(*words):
        return psutil.subprocess.run(
            ["nsenter", "-t", number, "-m", "-r", "-S", str(psutil.Process(int(number)).uids()[0]), *words],
            capture_output=True,
            text=True,
        )

    for place in ("/var/tmp", "/tmp", f"/var/lib/{SERVICE}"):
        assert inside("touch", f"{place}/probe").returncode == 0, place
    assert not server.machine.path("/tmp/probe").exists(), "a /tmp of its own"
    for place in ("/etc", f"/opt/{SERVICE}", "/var/log/asterisk", "/var/log", "/usr", "/root"):
        assert inside("touch", f"{place}/probe").returncode != 0, place
    assert inside("ls", "/dev/mem").returncode != 0
    status = server.machine.path("").parent.parent / number / "status"
    facts = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    assert (facts["CapBnd"].strip("0"), facts["NoNewPrivs"], facts["Seccomp"]) == ("", "1", "2")
    answer = (
        Visitor(server.port).bear("ana").ask("GET", f"api/reports/export/general/pdf?{ALL}")
    )
    assert answer.status == 200, answer.data
    assert answer.headers.get_all("X-Missing") is None, answer.headers
    out = server.machine.path("/tmp/report.pdf")
    out.write_bytes(answer.data)
    with out.open("rb") as file:
        assert len(pypdf.PdfReader(file).pages) >= 1


def test_the_command_works_as_the_user_of_the_service(server):
    told = server.machine.run(SERVICE, "doctor", check=False)
    assert "America/Bogota" in told.stdout
    assert "WRONG" not in told.stdout, told.stdout
    assert server.machine.run("stat", "-c", "%U", f"/var/lib/{SERVICE}/app.db").stdout.strip() == "callcenter"


def test_what_is_killed_comes_back_and_so_does_what_hangs(server):
    first = main_pid(server)
    os.kill(first, signal.SIGKILL)

    def restarted(before):
        unit = server.machine.unit(SERVICE, "NRestarts", "ActiveState")
        return int(unit["NRestarts"]) > before and unit["ActiveState"] == "active" and server.health()

    wait_for(lambda: restarted(0))
    assert main_pid(server) != first
    server.machine.write(
        f"/etc/systemd/system/{SERVICE}.service.d/test.conf", "[Service]\nWatchdogSec=8\nRestartSec=0\n"
    )
    server.machine.run("systemctl", "daemon-reload")
    server.machine.run("systemctl", "restart", SERVICE)
    wait_for(lambda: server.health() and server.machine.unit(SERVICE, "StatusText")["StatusText"] == "Serving")
    before = int(server.machine.unit(SERVICE, "NRestarts")["NRestarts"])
    for process in psutil.Process(main_pid(server)).children():
        if "gunicorn" in process.cmdline():
            process.suspend()
    wait_for(lambda: restarted(before))
    assert "Watchdog timeout" in server.machine.journal("-u", SERVICE)
    server.machine.run("rm", "-r", f"/etc/systemd/system/{SERVICE}.service.d")
    server.machine.run("systemctl", "daemon-reload")


def test_an_upgrade_keeps_everything_and_leads_back(server):
    machine = server.machine
    old = machine.run("readlink", f"/opt/{SERVICE}/current").stdout.strip()
    known = offered(server)
    machine.run("sed", "-i", 's/^VERSION = .*/VERSION = "99.0"/', "/usr/src/program/app.py")
    told = machine.run(INSTALL, "--wheels", "/wheels").stdout
    new = machine.run("readlink", f"/opt/{SERVICE}/current").stdout.strip()
    assert new != old
    assert "Python packages: all there" in told
    assert server.health()["release"] == "99.0"
    assert offered(server) == known, "users and history are there"
    if "backup" in machine.run(SERVICE, "--help").stdout:
        kept = machine.run("cat", f"/opt/{SERVICE}/{new}/.backup").stdout.strip()
        assert machine.run("stat", "-c", "%a %U", kept).stdout.split() == ["600", "callcenter"]
    back = machine.run(INSTALL, "--rollback").stdout
    assert f"Going back from {new.removeprefix('releases/')} to {old.removeprefix('releases/')}" in back
    assert machine.run("readlink", f"/opt/{SERVICE}/current").stdout.strip() == old
    assert server.health()["release"] != "99.0"
    assert offered(server) == known


def test_into_an_image_under_other_names(server):
    """The system in a folder is the machine's own once more; the packages are those of the installation above."""
    machine = server.machine
    machine.run(
        "sh",
        "-ec",
        """
        mkdir -p /image /layer; mount -t tmpfs layer /layer; mkdir /layer/upper /layer/work
        mount -t overlay overlay -o lowerdir=/,upperdir=/layer/upper,workdir=/layer/work /image
        rm -r /image/etc/call-center-analytics; mkdir -p /image/opt/cca
        cp -a /opt/call-center-analytics/environments /image/opt/cca/""",
    )
    told = machine.run(
        INSTALL, "--root", "/image", "--prefix", "/opt/cca", "--data", "/srv/cca", "--user", "telefonia"
    ).stdout
    assert "Not started" in told
    unit = machine.run("cat", f"/image/etc/systemd/system/{SERVICE}.service").stdout
    for words in ("User=telefonia", "ExecStart=/opt/cca/current/.venv/bin/python ", "ReadWritePaths=/srv/cca"):
        assert words in unit
    assert "StateDirectory=" not in unit
    assert "DATA_DIR=/srv/cca\n" in machine.run("cat", f"/image/etc/{SERVICE}/env").stdout
    assert machine.run("chroot", "/image", "stat", "-c", "%a %U", "/srv/cca").stdout.split() == ["700", "telefonia"]
    machine.run("chroot", "/image", f"/usr/local/bin/{SERVICE}", "--version")
    machine.run("systemd-analyze", "--root=/image", "verify", f"{SERVICE}.service")
    assert machine.run("id", "telefonia", check=False).returncode != 0, "the machine itself is as it was"

"""Every file of `deploy/` as its own tool sees it, and the production line beside `python app.py`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import compose_spec
import pytest
import yaml

import app
import config
import serving
from tests.browsing import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service")) + sorted((DEPLOY / "systemd").glob("*.timer"))


def told(*words: str | Path, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, **more)


# -- settings --------------------------------------------------------------------------------------


def example() -> dict[str, tuple[bool, str]]:
    found = re.findall(r"^(#?)([A-Z_]+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE)
    assert len({name for _, name, _ in found}) == len(found)
    return {name: (not mark, value) for mark, name, value in found}


def test_the_example_of_settings_has_every_one_with_its_default(tmp_path, monkeypatch):
    for name in config.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    assert set(example()) == set(config.SETTINGS)
    assert [name for name, (active, _) in example().items() if active] == ["DATA_DIR"]
    monkeypatch.chdir(tmp_path)
    plain = config.load()
    # With every line made active they are read as what the program has by itself.
    (tmp_path / ".env").write_text(re.sub(r"(?m)^#(?=[A-Z_]+=)", "", (DEPLOY / "env.example").read_text()))
    read = config.load()
    for name in config.SETTINGS:
        if name != "DATA_DIR":
            assert getattr(read, name) == getattr(plain, name), name
    assert Path("/var/lib/call-center-analytics") == read.DATA_DIR


# -- gunicorn --------------------------------------------------------------------------------------


def test_the_production_line_has_the_values_of_the_program_itself(tmp_path):
    told_by = told(
        sys.executable,
        "-m",
        "gunicorn",
        "--print-config",
        "-c",
        DEPLOY / "gunicorn.conf.py",
        "app:server",
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path / "var"), "WORKERS": "3", "SERVER_PORT": "8123"},
    )
    printed = dict(re.findall(r"^(\w+)\s+= (.*)$", told_by.stdout, re.MULTILINE))
    wanted = serving.options(config.load(WORKERS=3, SERVER_PORT=8123))
    assert wanted["workers"] == 3
    for name, value in wanted.items():
        shown = [value] if name == "bind" else value or [] if name == "forwarded_allow_ips" else value
        assert printed[name] in (str(shown), str(value), repr(value)), (name, printed[name])
    assert (
        printed["worker_class"],
        printed["threads"],
        printed["keepalive"],
        printed["graceful_timeout"],
        printed["control_socket_disable"],
    ) == ("gthread", "32", "15", "5", "True")


def test_a_wrong_setting_stops_the_production_line_with_one_sentence(tmp_path):
    done = told(
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        DEPLOY / "gunicorn.conf.py",
        "app:server",
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path / "var"), "TIMEZONE": "Mars/Olympus"},
    )
    assert done.returncode == 2
    assert done.stderr.strip().startswith("TIMEZONE: ")
    assert len(done.stderr.strip().splitlines()) == 1


# -- systemd ---------------------------------------------------------------------------------------


def test_the_units_say_what_systemd_understands(tmp_path):
    """With the programs they start put where they are looked for."""
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, units)
        for command in re.findall(r"^ExecStart=(\S+)", unit.read_text(), re.MULTILINE):
            place = tmp_path / command.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("#!/bin/sh\n")
            place.chmod(0o755)
    for name in ("usr/lib/systemd/system", "etc"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    for unit in Path("/lib/systemd/system").glob("*.target"):
        shutil.copy(unit, tmp_path / "usr/lib/systemd/system", follow_symlinks=True)
    done = told("systemd-analyze", "verify", f"--root={tmp_path}", *(unit.name for unit in UNITS))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_service_is_exposed_to_less_than_3_of_10(unit):
    done = told("systemd-analyze", "security", "--offline=yes", "--threshold=29", unit)
    (score,) = re.findall(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert done.returncode == 0, done.stdout
    assert float(score) < 3


def test_what_systemd_219_does_not_know_has_a_word_that_it_knows():
    old = (DEPLOY / "systemd" / "systemd-219.conf").read_text()
    for word in ("MemoryLimit=", "CPUShares=", "ProtectSystem=full", "ReadOnlyDirectories=", "ReadWriteDirectories="):
        assert f"\n{word}" in old


# -- scripts, rotation, image ----------------------------------------------------------------------


def test_the_scripts_are_clean():
    scripts = [*DEPLOY.rglob("*.sh"), ROOT / ".ci" / "run"]
    assert len(scripts) >= 5
    done = told("shellcheck", *scripts)
    assert done.returncode == 0, done.stdout
    assert [path for path in scripts if not os.access(path, os.X_OK) and path.suffix == ".sh"] == []


def test_the_own_logs_are_rotated(tmp_path, root_here):
    text = (DEPLOY / "logrotate").read_text()
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "pull.log").write_text("a line\n")
    shutil.chown(folder / "pull.log", "nobody", "nogroup")
    for path in (tmp_path, *tmp_path.parents):
        if path != Path("/tmp"):  # noqa: S108
            path.chmod(path.stat().st_mode | 0o011)
    shutil.chown(folder, "nobody", "nogroup")
    own = tmp_path / "own"
    own.write_text(
        text.replace("/var/log/call-center-analytics", str(folder)).replace("callcenter callcenter", "nobody nogroup")
    )
    checked = told("logrotate", "-d", "-s", tmp_path / "state", own)
    assert checked.returncode == 0, checked.stderr
    assert "error" not in checked.stderr.lower()
    assert f"considering log {folder}/pull.log" in checked.stderr
    done = told("logrotate", "-f", "-s", tmp_path / "state", own)
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"pull.log": "", "pull.log.1": "a line\n"}


def test_the_dockerfile_is_clean():
    done = told(Path(sys.executable).parent / "hadolint", "--config", ROOT / ".hadolint.yaml", ROOT / "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["compose.yaml", "compose.mariadb.yaml"])
def test_the_compose_files_are_what_compose_understands(name):
    """Read with the variables at their defaults, then judged for what is left open."""
    text = re.sub(
        r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)\}", lambda m: "x" if m[2] is None else m[2], (ROOT / name).read_text()
    )
    read = compose_spec.PyCompose.from_yaml(text)
    read.validate()
    read.validate_volumes()
    done = told(Path(sys.executable).parent / "compose-lint", "check", ROOT / name)
    assert done.returncode == 0, done.stdout


def test_the_image_is_of_this_version_and_knows_no_zone_of_its_own():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["analytics"]
    assert service["image"] == f"call-center-analytics:{app.VERSION}"
    assert service["environment"]["TIMEZONE"].startswith("${TIMEZONE:?")
    assert all(volume.endswith(":ro") or volume == "data:/data" for volume in service["volumes"])
    assert service["read_only"] is True
    if shutil.which("docker") and told("docker", "compose", "version").returncode == 0:
        done = told(
            "docker",
            "compose",
            "-f",
            ROOT / "compose.yaml",
            "-f",
            ROOT / "compose.mariadb.yaml",
            "config",
            "-q",
            env={**os.environ, "TIMEZONE": "America/Bogota", "MARIADB_PASSWORD": "secret"},
        )
        assert done.returncode == 0, done.stderr


# -- what the installer says on other systems ------------------------------------------------------

SYSTEMS = {
    "rocky 8": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="Rocky Linux 8.10 (Green Obsidian)"\n',
    "rocky 9": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"\n',
    "centos 7": 'ID="centos"\nID_LIKE="rhel fedora"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n',
    "debian 13": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "other": 'ID=arch\nPRETTY_NAME="Arch Linux"\n',
}


def dry(tmp_path: Path, system: str, glibc: str = "2.34", *more: str) -> subprocess.CompletedProcess:
    """A dry run on this machine with the name of another system, and without a Python that suits."""
    (tmp_path / "os-release").write_text(SYSTEMS[system])
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "getconf").write_text(f"#!/bin/sh\necho glibc {glibc}\n")
    (tmp_path / "bin" / "getconf").chmod(0o755)
    hide = "".join(
        f'mount --bind /bin/false "{path.resolve()}"\n'
        for path in sorted(
            {
                Path(path).resolve()
                for path in Path("/usr/bin").glob("python3*")
                if re.fullmatch(r"python3(\.\d+)?", path.name)
            }
        )
    )
    return told(
        "unshare",
        "-m",
        "bash",
        "-ec",
        f'mount --bind "$1" "$(readlink -f /etc/os-release)"\n{hide}shift; exec "$@"',
        "_",
        tmp_path / "os-release",
        DEPLOY / "install.sh",
        "--dry-run",
        *more,
        env={"PATH": f"{tmp_path / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"},
    )


@pytest.mark.parametrize(
    "system, words",
    [
        ("rocky 8", "dnf install -y -q python3.12 python3.12-pip"),
        ("rocky 9", "dnf install -y -q python3.12 python3.12-pip"),
        ("debian 13", "apt-get install -y -qq --no-install-recommends python3 python3-venv"),
    ],
)
def test_a_dry_run_names_the_packages_of_the_system_and_does_nothing(root_here, tmp_path, system, words):
    done = dry(tmp_path, system)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert "systemctl restart" in done.stdout or "Not started" in done.stdout
    for place in (
        "/opt/call-center-analytics",
        "/etc/call-center-analytics",
        "/var/lib/call-center-analytics",
        "/etc/systemd/system/call-center-analytics.service",
        "/usr/local/bin/call-center-analytics",
    ):
        assert not Path(place).exists()
    assert told("id", "callcenter").returncode != 0


def test_where_it_cannot_work_it_stops_with_a_sentence(root_here, tmp_path):
    done = dry(tmp_path, "centos 7", "2.17")
    assert done.returncode == 1
    assert done.stderr.startswith("Stopped: CentOS Linux 7 (Core) has glibc 2.17")
    assert "another server" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "more, words",
    [
        (["--user", "root"], "not root"),
        (["--prefix", "/opt/a b"], "whole path"),
        (["--data"], "needs a value"),
        (["--unknown"], "unknown option"),
        (["--rollback"], "no release to go back to"),
        (["--root", "/nowhere"], "must hold a system"),
    ],
)
def test_a_wrong_option_is_named(root_here, more, words):
    done = told(DEPLOY / "install.sh", "--dry-run", *more, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    assert done.returncode == 1
    assert words in done.stderr

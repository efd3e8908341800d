"""What `make test` asks Debian for on a machine that has none of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOOLS = {
    "soffice": "libreoffice-calc-nogui", "pdffonts": "poppler-utils", "cc": "gcc", "nginx": "nginx-light",
    "apache2": "apache2-bin", "shellcheck": "shellcheck", "setfacl": "acl", "logrotate": "logrotate", "rsync": "rsync",
    "openssl": "openssl", "systemctl": "systemd"}


@pytest.fixture
def ask(tmp_path):
    """Runs the set-up where only these of the tools are on the path: the packages it asks for and how it ended."""
    def run(*present: str, answer: int = 0, **env: str) -> tuple[set[str], int]:
        shutil.copy(ROOT / "Makefile", tmp_path)
        found, asked = tmp_path / "bin", tmp_path / "asked"
        asked.write_text("")
        found.mkdir()
        (tmp_path / "deploy").mkdir()
        packages = tmp_path / "deploy/packages.sh"
        packages.write_text(f'#!/bin/bash\necho "$@" >>"{asked}"\nexit {answer}\n')
        packages.chmod(0o755)
        for name in ("bash", "make", "id", "python3"):
            (found / name).symlink_to(str(shutil.which(name)))
        for name in present:
            (found / name).symlink_to("/bin/true")
        ended = subprocess.run([str(found / "make"), "-C", str(tmp_path), "system-test"], capture_output=True,
                               env={"PATH": str(found), **env}, check=False)
        return set(asked.read_text().split()), ended.returncode
    return run


def test_every_missing_tool_is_asked_for(ask):
    packages, code = ask(CI="true")
    assert set(TOOLS.values()) <= packages
    assert code == 0


def test_one_missing_tool_is_asked_for(ask):
    packages, code = ask(*(set(TOOLS) - {"rsync"}), CI="true")
    assert "rsync" in packages and "poppler-utils" not in packages
    assert code == 0


def test_nothing_is_asked_for_where_all_is_there(ask):
    packages, code = ask(*TOOLS, CI="true")
    assert not packages & set(TOOLS.values())
    assert code == 0


def test_what_cannot_be_had_stops_a_run_that_skips_nothing(ask):
    assert ask(*(set(TOOLS) - {"rsync"}), answer=1, CI="true")[1] != 0


def test_what_cannot_be_had_stops_root_and_is_only_named_to_others(ask):
    assert (ask(*(set(TOOLS) - {"rsync"}), answer=1)[1] != 0) == (os.getuid() == 0)

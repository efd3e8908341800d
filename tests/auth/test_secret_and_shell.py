"""The secret of the installation, and administering users from the shell."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from auth import secret
from auth.cli import users_group
from tests.auth.conftest import PASSWORD


def test_a_given_secret_is_taken_as_it_is(tmp_path):
    assert secret.load("s" * 40, tmp_path) == "s" * 40
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_and_kept_for_nobody_else(tmp_path):
    folder = tmp_path / "data"
    made = secret.load(None, folder)
    assert len(made) == 64
    assert secret.load("", folder) == made
    assert [p.name for p in folder.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_processes_that_start_together_get_the_same_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: secret.load(None, tmp_path), range(32)))) == 1


def test_a_damaged_secret_is_not_used(tmp_path):
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ValueError, match="shorter than 32"):
        secret.load(None, tmp_path)


def test_keys_of_different_uses_differ():
    assert secret.derive("s" * 40, "one") != secret.derive("s" * 40, "two")
    assert len(secret.derive("s" * 40, "one")) == 32


@pytest.fixture
def shell(users):
    group = users_group(lambda: users)
    return lambda *words, **more: CliRunner().invoke(group, words, **more)


def test_users_from_the_shell(shell, users):
    added = shell("add", "ana", "--role", "supervisor", "--queue", "ventas", "--take", "recordings",
                  "--give", "downloads")
    assert added.exit_code == 0
    made = added.output.split("Password: ")[1].split()[0]
    ana = users.verify("ana", made)
    assert (ana.role, ana.queues, ana.must_change) == ("supervisor", {"ventas"}, True)
    assert ana.can("downloads")
    assert not ana.can("recordings")
    assert shell("passwd", "ana", "--password-stdin", input=PASSWORD + "\n").exit_code == 0
    assert not users.verify("ana", PASSWORD).must_change
    assert [u["username"] for u in json.loads(shell("list", "--json").output)] == ["admin", "ana"]
    assert shell("disable", "ana").output == "ana was disabled.\n"
    assert not users.get("ana").active
    assert "disabled" in shell("list").output
    assert shell("enable", "ana").exit_code == 0
    assert users.verify("ana", PASSWORD)


@pytest.mark.parametrize(("words", "said"), [
    (("add", "admin"), "username: there is a user 'admin' already.\n"),
    (("add", "ana", "--password", "short"), "Use at least 10 characters.\n"),
    (("disable", "admin"), "somebody has to stay administrator.\n"),
    (("passwd", "nobody"), "there is no user 'nobody'.\n")])
def test_what_cannot_be_done_is_said_in_one_sentence(shell, words, said):
    answer = shell(*words)
    assert (answer.exit_code, answer.stderr) == (2, said)

"""Names that an administrator put together: at once, for everybody, and as easily taken back."""

import json

import pytest

from data import agent_questions, aliases
from data.aliases import Aliases, AliasFile, BadAlias
from data.names import Names
from data.store import Store
from tests.data.test_agent_questions import NINE, ONE_DAY, call, members, opened


@pytest.fixture
def store(tmp_path):
    """Valentina logs in as SIP/108 and takes calls under her name; 107 is only a number; the log knows no pair."""
    return opened(tmp_path, [
        *members(NINE, "SIP/108", ["600"], "ADDMEMBER"), *call(NINE + 50, "1.1", "600", "Valentina Ríos", 10, 100),
        *call(NINE + 500, "1.2", "600", "Local/107@from-queue/n", 10, 50),
        *members(NINE + 1000, "SIP/108", ["600"], "REMOVEMEMBER")])


def people(store):
    table = agent_questions.by_agent(store.view(), ONE_DAY)
    return {row["agent"]: (row["answered"], None if row["login"] != row["login"] else row["login"])
            for row in table.to_dict("records")}


def test_two_texts_become_one_agent_without_a_restart(store):
    assert people(store) == {"Valentina Ríos": (1, None), "107": (1, None), "108": (0, 1000)}
    before = store.version
    store.rename({"SIP/108": "Valentina Ríos", "107": "Raúl Núñez"})
    assert store.version > before
    assert people(store) == {"Valentina Ríos": (1, 1000), "Raúl Núñez": (1, None)}
    assert dict(store.view().agents()) == {
        "Valentina Ríos": "Valentina Ríos (108)", "Raúl Núñez": "Raúl Núñez (107)"}
    store.rename({})
    assert people(store) == {"Valentina Ríos": (1, None), "107": (1, None), "108": (0, 1000)}


def test_another_process_sees_it_when_it_looks_at_the_log(store, tmp_path):
    other = Store(tmp_path / "queue_log", tmp_path / "store", store.site, clock=store.clock)
    other.refresh()
    store.rename({"108": "Valentina Ríos"})
    assert "108" in people(other)
    other.refresh()
    assert people(other)["Valentina Ríos"] == (1, 1000)
    assert other.version == store.version
    again = Store(tmp_path / "queue_log", tmp_path / "store", store.site, clock=store.clock)
    again.refresh()
    assert people(again) == people(other)


def test_what_is_learned_and_configured_stays_below():
    names = Names({"1001": "Ana"}, {"SIP/104": "Jorge"})
    over = Aliases({"Ana": "Ana Gómez", "Jorge": "Jorge Díaz"}).over(names)
    assert [over.identity(raw) for raw in ("SIP/1001", "1001", "Ana", "SIP/104", "Jorge", "Otro")] == [
        "Ana Gómez", "Ana Gómez", "Ana Gómez", "Jorge Díaz", "Jorge Díaz", "Otro"]
    assert names.identity("SIP/1001") == "Ana"


@pytest.mark.parametrize(("words", "reason"), [
    ("SIP/108", "has no = in it"), ("= Ana", "a text and a name are needed"), ("108 =", "a text and a name are needed"),
    ("a = b\nb = c", "leads to a name that is itself renamed"), ("NONE = Ana", "a text and a name are needed"),
    ("a" * 200 + " = b", "is too long or cannot be printed")])
def test_what_cannot_be_kept_is_named(words, reason):
    with pytest.raises(BadAlias) as told:
        aliases.parse(words)
    assert told.value.reason == reason


def test_lines_go_in_as_they_come_out():
    pairs = {"SIP/108": "Valentina Ríos", "PJSIP/9=x": "Núñez, Raúl"}
    assert aliases.parse("\n\n" + aliases.lines(pairs) + "\n") == pairs
    assert aliases.parse("Ana = Ana") == {}


def test_a_damaged_file_renames_nobody(tmp_path):
    path = tmp_path / "aliases.json"
    for text in ("{", "[]", '{"pairs": 3, "edition": 1}', json.dumps({"pairs": {"a": ""}, "edition": 1})):
        path.write_text(text)
        file = AliasFile(path)
        file.look()
        assert file.known == Aliases()
    file.write({"a": "b"})
    assert file.known.pairs == {"a": "b"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_who_is_only_a_number_is_told():
    assert aliases.loose(["Ana", "107", "Agent/1001", "SIP/9", "Luis"], {"Luis": "1002"}) == [
        "107", "Agent/1001", "SIP/9"]

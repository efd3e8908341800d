"""Every conformance case, through `analyze` as the shell runs it and as a function."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from data import analysis
from data.rules import Options

ROOT = Path(__file__).parent.parent.parent
CASES = sorted((ROOT / "tests" / "cases").glob("*.expected.json"))


def differences(expected, found, where="") -> list[str]:
    """What differs between the expected subset and the answer; numbers may differ by a rounding."""
    if isinstance(expected, dict):
        return [d for key, value in expected.items() for d in (
            differences(value, found[key], f"{where}.{key}") if key in found else [f"{where}.{key} is missing"])]
    if isinstance(expected, list):
        if len(expected) != len(found):
            return [f"{where}: {len(found)} rows, expected {len(expected)}"]
        return [d for i, pair in enumerate(zip(expected, found, strict=True))
                for d in differences(*pair, f"{where}[{i}]")]
    if isinstance(expected, float) and isinstance(found, int | float):
        return [] if abs(expected - found) < 0.006 else [f"{where}: {found} is not {expected}"]
    return [] if expected == found and type(expected) is type(found) else [f"{where}: {found!r} is not {expected!r}"]


def test_there_are_cases():
    assert len(CASES) >= 60


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.name.removesuffix(".expected.json"))
def test_case(path):
    case = json.loads(path.read_text())
    files = [path.parent / name for name in case["files"]]
    found = analysis.analyze(files, as_of=case.get("as_of"), options=Options.read(case.get("options") or {}))
    assert differences(case["expect"], found) == []


def test_the_comparison_bites():
    assert differences({"a": [{"b": 1}]}, {"a": [{"b": 2}]})
    assert differences({"a": None}, {"a": 0})
    assert differences({"a": []}, {"a": [1]})
    assert differences({"a": True}, {"a": 1})


def test_the_shell_gives_the_same_answer():
    case = json.loads((ROOT / "tests/cases/day_totals.expected.json").read_text())
    run = subprocess.run([sys.executable, "app.py", "analyze", "tests/cases/day_totals.queue_log"], cwd=ROOT,
                         capture_output=True, text=True, check=True)
    answer = json.loads(run.stdout)
    assert differences(case["expect"], answer) == []
    assert list(answer) == list(analysis.SECTIONS)


def test_the_shell_takes_options_sections_and_a_now():
    run = subprocess.run(
        [sys.executable, "app.py", "analyze", "tests/cases/in_progress_at_eof.queue_log", "--as-of", "1700020000",
         "--options", '{"sl_threshold": 5}', "--sections", "totals"], cwd=ROOT, capture_output=True,
        text=True, check=True)
    answer = json.loads(run.stdout)
    assert list(answer) == ["totals"]
    assert (answer["totals"]["in_progress"], answer["totals"]["unknown"], answer["totals"]["answered"]) == (0, 1, 1)


@pytest.mark.parametrize("arguments, says", [
    (["nowhere.log"], "no such file"),
    (["tests"], "is not a file"),
    (["tests/cases/day_totals.queue_log", "--options", '{"nothing": 1}'], "nothing: not an option"),
    (["tests/cases/day_totals.queue_log", "--options", "{"], "--options"),
    (["tests/cases/day_totals.queue_log", "--sections", "totals,x"], "x"),
])
def test_the_shell_says_what_is_wrong_in_one_sentence(arguments, says):
    run = subprocess.run([sys.executable, "app.py", "analyze", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2
    assert says in run.stderr
    assert "Traceback" not in run.stderr

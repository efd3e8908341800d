"""Bandit has nothing to say but what a line argues itself, in the words of the linter that has the same rules."""

import json
import subprocess
import sys

from tests.test_rules import FLOORS, ROOT

PLACES = [str(path) for name in FLOORS for path in (ROOT / name, ROOT / f"{name}.py") if path.exists()]


def test_what_bandit_finds_is_argued_where_it_stands():
    told = subprocess.run([sys.executable, "-m", "bandit", "-q", "-ll", "-f", "json", "-r", *PLACES],
                          capture_output=True, text=True, timeout=300)
    found = json.loads(told.stdout)
    assert found["errors"] == []
    assert found["metrics"]["_totals"]["loc"] > 5000
    silent = [(one["filename"], one["line_number"], one["issue_text"]) for one in found["results"]
              if f"S{one['test_id'][1:]}" not in one["code"]]
    assert silent == []

"""The description of the API holds: no answer outside of it, and none that is a failure of ours."""

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.api.conftest import lines
from tests.browsing import PASSWORD, person, serving

# These end the sign-in of the one who asks; their tests are in tests/api/test_auth.py.
ENDING = "/api/auth/(logout|password|login|refresh)"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def token(address):
    asked = urllib.request.Request(f"{address}/api/auth/login", json.dumps(
        {"username": "ana", "password": PASSWORD}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)["data"]["access_token"]


def test_no_answer_is_outside_of_the_description(tmp_path):
    (tmp_path / "queue_log").write_text(lines())
    with serving(tmp_path, QUEUE_LOG_PATH=str(tmp_path / "queue_log"), TIMEZONE="America/Bogota") as address:
        person(tmp_path, "ana", "admin")
        tried = subprocess.run(
            [str(Path(sys.executable).with_name("schemathesis")), "run", f"{address}/api/openapi.json", "-H",
             f"Authorization: Bearer {token(address)}", "--checks", CHECKS, "--phases", "examples,fuzzing",
             "--max-examples", "6", "--workers", "2", "--seed", "8", "--no-color", "--exclude-path-regex", ENDING],
            cwd=tmp_path, capture_output=True, text=True, timeout=240)
        noise = (tmp_path / "server.log").read_text(errors="replace")
    assert tried.returncode == 0, tried.stdout[-6000:]
    assert int(re.search(r"Tested: +(\d+)", tried.stdout)[1]) >= 60
    assert "Traceback" not in noise


def test_every_endpoint_says_what_it_answers_and_has_an_example(made):
    client = made.server.test_client()
    assert client.post("/login", data={"username": "ana", "password": PASSWORD}).status_code == 303
    doc = client.get("/api/openapi.json").json
    for path, methods in doc["paths"].items():
        for method, operation in methods.items():
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert good, (method, path)
            assert {"401", "403", "422", "500"} <= set(operation["responses"]), (method, path)
            assert operation["summary"], (method, path)
    users = doc["paths"]["/api/users"]
    assert users["get"]["responses"]["200"]["content"]["application/json"]["example"]["data"]["users"][0]["username"]
    assert "argon2" not in json.dumps(doc)

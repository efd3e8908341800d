"""`/api/users`, `/api/audit`, one's own sessions and keys: shapes, refusals, and what they leave in the audit."""

import csv
import io

import pyotp
import pytest

from tests.api.conftest import PASSWORD

NEW = "otra frase nueva y larga"


@pytest.fixture
def boss(made, client):
    """Headers of an administrator."""
    if made.users.get("jefa") is None:
        made.users.add("jefa", PASSWORD, "admin")
    answer = client.post("/api/auth/login", json={"username": "jefa", "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.json['data']['access_token']}"}


def test_a_person_from_beginning_to_end(made, client, boss):
    answer = client.post("/api/users", headers=boss, json={"username": "nora", "role": "supervisor", "queues": ["601"],
                                                           "permissions": ["calls", "downloads"]})
    assert answer.status_code == 201
    nora = answer.json["data"]
    assert (nora["permissions"], nora["queues"], nora["active"]) == (["calls", "downloads"], ["601"], True)
    token = nora["invitation"]["path"].removeprefix("/invitation/")
    made.server.extensions["gate"].invitations.accept(token, PASSWORD)
    path = f"/api/users/{nora['id']}"
    changed = client.put(path, headers=boss, json={"role": "viewer", "queues": None}).json["data"]
    assert (changed["role"], changed["queues"], changed["given"]) == ("viewer", None, ["downloads"])
    assert client.put(path, headers=boss, json={"password": NEW}).json["data"]["password_change_required"] is True
    assert client.put(path, headers=boss, json={"active": False}).json["data"]["active"] is False
    told = client.get("/api/users", headers=boss).get_data(as_text=True)
    assert "argon2" not in told
    assert "nora" in told
    assert client.delete(path, headers=boss).json["data"] == {"removed": True}
    assert client.get(path, headers=boss).status_code == 404
    lines = client.get("/api/audit?target=nora&page_size=4", headers=boss).json["data"]
    assert [line["action"] for line in lines["entries"]] == ["user_removed", "user_disabled", "password_changed",
                                                             "user_changed"]
    assert {line["user"] for line in lines["entries"]} == {"jefa"}
    assert lines["entries"][3]["detail"] == {"role": "viewer", "queues": None}
    assert lines["next"] == lines["entries"][3]["id"]
    older = client.get(f"/api/audit?target=nora&before={lines['next']}", headers=boss).json["data"]["entries"]
    assert [line["action"] for line in older] == ["user_invited", "user_added"]


@pytest.mark.parametrize(("body", "status"), [
    ({}, 422), ({"username": "a b"}, 422), ({"username": "ana"}, 409), ({"username": "otra", "password": "corta"}, 422),
    ({"username": "otra", "role": "king"}, 422), ({"username": "otra", "given": ["fly"]}, 422),
    ({"username": "otra", "epoch": 7}, 422), ({"username": ["otra"]}, 422),
    ({"username": "otra", "queues": ["x" * 200]}, 422)])
def test_people_that_are_not_made(made, client, boss, body, status):
    answer = client.post("/api/users", headers=boss, json=body)
    assert (answer.status_code, answer.json["success"]) == (status, False)
    assert made.users.get("otra") is None


def test_nobody_locks_himself_out(made, client, boss):
    me = made.users.get("jefa").id
    for answer in (client.delete(f"/api/users/{me}", headers=boss),
                   client.put(f"/api/users/{me}", headers=boss, json={"active": False})):
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "conflict")


def test_a_second_factor_at_the_door_of_the_api(made, client, boss):
    factors = made.server.extensions["gate"].factors
    them = made.users.add("tita", PASSWORD, "viewer")
    secret, _ = factors.draft(them)
    codes = factors.switch_on(them, PASSWORD, pyotp.TOTP(secret).now())

    def enter(**more):
        return client.post("/api/auth/login", json={"username": "tita", "password": PASSWORD, **more})
    assert (enter().status_code, enter().json["error"]["code"]) == (401, "code_required")
    assert enter(code="nothing").json["error"]["code"] == "wrong_code"
    assert enter(code=codes[0]).status_code == 200
    assert client.put(f"/api/users/{them.id}", headers=boss, json={"second_factor": False}
                      ).json["data"]["second_factor"] is False
    assert enter().status_code == 200


def test_the_audit_as_csv_and_whole(client, boss):
    client.post("/api/auth/login", json={"username": "=1+1", "password": "x"})
    answer = client.get("/api/audit/export?action=login_failed", headers=boss)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=audit-")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert rows[1][2] == "'=1+1"
    assert {row[4] for row in rows[1:]} == {"Ingreso fallido"}
    assert client.get("/api/audit/check", headers=boss).json["data"]["intact"] is True
    for wrong in ("start_date=2026-03-04&end_date=2026-03-03", "page_size=0", "before=x", "start_date=x",
                  "end_date=9999-12-31"):
        assert client.get(f"/api/audit?{wrong}", headers=boss).status_code == 422


def test_a_key_is_shown_once_and_ended(client, boss):
    made = client.post("/api/auth/keys", headers=boss, json={"name": "CRM", "permissions": ["calls"], "days": 7})
    assert made.status_code == 201
    key = {"Authorization": f"Bearer {made.json['data']['key']}"}
    listed = client.get("/api/auth/keys", headers=boss)
    assert made.json["data"]["key"] not in listed.get_data(as_text=True)
    assert client.get("/api/auth/me", headers=key).json["data"]["permissions"] == ["calls"]
    assert client.get("/api/users", headers=key).status_code == 403
    assert client.delete(f"/api/auth/keys/{made.json['data']['id']}", headers=boss).status_code == 200
    assert client.get("/api/auth/me", headers=key).status_code == 401

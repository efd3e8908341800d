"""A wrong value stops the start with one sentence that names the variable."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import config

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name, value", [
    ("TIMEZONE", "America/Nowhere"), ("QUEUE_LOG_SOURCE", "ftp"), ("SERVICE_LEVEL_SECONDS", "soon"),
    ("SERVICE_LEVEL_SECONDS", "0"), ("SERVER_PORT", "70000"), ("URL_PREFIX", "analytics"), ("LANGUAGE", "fr"),
    ("SERVICE_LEVEL_TARGET", "101"), ("SERVICE_LEVEL_TARGET", "nan"), ("DB_NAME_CDR", "a b"), ("AMI_USER", "a\nb"),
    ("WORKERS", "2.5"), ("WORKERS", "inf"), ("INTERNAL_CALLERS", "x{99999999999}"),
    ("COMPANY_NAME", "Espa\udcf1a"),
    ("DB_USER", "\udcff"), ("COMPANY_NAME", "x" * 121), ("COMPANY_LOGO", "/nowhere.png"), ("TRUSTED_PROXIES", "10.0.0"),
    ("INTERNAL_CALLERS", "(["), ("SECRET_KEY", "short"), ("SECRET_KEY", "cambiar-en-produccion-cambiar-en-produccion"),
    ("CORS_ORIGINS", "*"), ("METRICS_TOKEN", "short"), ("METRICS_TOKEN", "with spaces and long enough"),
    ("LOG_FORMAT", "xml"), ("LOG_LEVEL", "loud"), ("LOG_STALE_HOURS", "0"),
    ("REFRESH_SECONDS", "-1"), ("DEMO", "perhaps"),
])
def test_a_wrong_value_is_named(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(config.SettingsError, match=rf"^{name}: .+\.$") as error:
        config.load()
    if name in ("SECRET_KEY", "METRICS_TOKEN"):
        assert value not in str(error.value)


def test_the_start_stops_with_one_sentence(tmp_path):
    run = subprocess.run([sys.executable, str(ROOT / "app.py")], cwd=tmp_path, capture_output=True, text=True,
                         env={**os.environ, "TIMEZONE": "Mars/Olympus"}, timeout=60)
    assert run.returncode == 2
    assert run.stderr.strip().startswith("TIMEZONE: ")
    assert len(run.stderr.strip().splitlines()) == 1


def test_defaults_need_nothing(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in config.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    settings = config.load()
    assert (settings.LANGUAGE, settings.SERVICE_LEVEL_SECONDS, settings.URL_PREFIX) == ("es", 20, "/")
    assert settings.database_url == f"sqlite:///{tmp_path}/var/app.db"


def test_a_file_of_settings_is_read(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LANGUAGE=en\nTIMEZONE=America/Santiago\n")
    assert (config.load().LANGUAGE, config.load().TIMEZONE) == ("en", "America/Santiago")


def test_the_environment_comes_before_the_file_and_nothing_is_said_by_an_empty_value(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LANGUAGE=en\nWRAPUP_SECONDS=30\nlog_level=debug\nDB_HOST=\nOTHER=thing\n")
    monkeypatch.setenv("WRAPUP_SECONDS", "10")
    monkeypatch.setenv("LANGUAGE", "")
    settings = config.load(LOG_FORMAT="json")
    assert (settings.WRAPUP_SECONDS, settings.LANGUAGE, settings.LOG_LEVEL) == (10, "en", "debug")
    assert (settings.DB_HOST, settings.LOG_FORMAT) == (None, "json")


def test_a_value_given_by_the_program_comes_first(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "fr")
    assert config.load(LANGUAGE="en").LANGUAGE == "en"


def test_the_zone_of_the_machine_is_examined_too(monkeypatch):
    monkeypatch.delenv("TIMEZONE", raising=False)
    monkeypatch.setattr("tzlocal.get_localzone_name", lambda: "Mars/Olympus")
    with pytest.raises(config.SettingsError, match="^TIMEZONE: "):
        config.load()


def test_a_file_of_settings_that_is_no_text_is_named(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"COMPANY_NAME=Espa\xf1a\n")
    with pytest.raises(config.SettingsError, match=r"^\.env cannot be read: .+\.$"):
        config.load()


def test_settings_are_the_same_in_another_process(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in config.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n")
    settings = config.load(TIMEZONE="America/Lima", WORKERS=" 3.0 ", DEMO="yes", LOG_STALE_HOURS="0.5",
                           COMPANY_NAME="Peñón", COMPANY_LOGO=tmp_path / "logo.png", DB_PASSWORD="a \"b\"")
    assert settings.chosen == {"TIMEZONE", "WORKERS", "DEMO", "LOG_STALE_HOURS", "COMPANY_NAME", "COMPANY_LOGO",
                               "DB_PASSWORD"}
    assert (settings.WORKERS, settings.DEMO, settings.LOG_STALE_HOURS) == (3, True, 0.5)
    again = config.load(**json.loads(settings.as_json()))
    for name in config.SETTINGS:
        assert getattr(again, name) == getattr(settings, name)


def test_a_table_of_the_log_needs_a_server(monkeypatch):
    monkeypatch.setenv("QUEUE_LOG_SOURCE", "mysql")
    monkeypatch.delenv("DB_HOST", raising=False)
    with pytest.raises(config.SettingsError, match="^QUEUE_LOG_SOURCE=mysql needs DB_HOST"):
        config.load()

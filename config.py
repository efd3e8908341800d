"""Settings: every variable the program understands, typed and checked once, at start.

Nothing else in the project reads the environment; values travel down as arguments.
"""

import ipaddress
import json
import math
import os
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from dotenv import dotenv_values

DEFAULT_LOG = Path("/var/log/asterisk/queue_log")
SECRET = ("DB_PASSWORD", "SECRET_KEY", "AMI_SECRET", "METRICS_TOKEN")  # whose value no message repeats


def _host_timezone() -> str:
    import tzlocal  # asked only where nobody named a zone

    return tzlocal.get_localzone_name() or "UTC"


# What a value may be: each takes what was written and gives what is meant, or says in a ValueError (click's choice in a
# BadParameter) why it cannot be.


def _number(kind: type[int] | type[float], low: float, high: float, above: bool = False) -> Callable[[Any], Any]:
    """A number from `low` (with `above`: from the next one) to `high`."""
    words = f"a {'whole ' if kind is int else ''}number {'above' if above else 'from'} {low} to {high}"

    def read(value: Any) -> int | float:
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = math.nan
        if not low <= found <= high or (above and found == low) or kind(found) != found:
            raise ValueError(f"must be {words}")
        return kind(found)
    return read


def _flag(value: Any) -> bool:
    try:
        return bool(click.BOOL(value))
    except click.BadParameter:
        raise ValueError("must be true or false") from None


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("is not UTF-8") from None
    return value


def _short_text(value: str) -> str:
    if len(value) > 120:
        raise ValueError("must have at most 120 characters")
    return _text(value)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value!r} is not an IANA time zone such as America/Bogota") from None
    return value


def _expression(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, OverflowError) as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"(?:[A-Za-z0-9_$]{1,64}\.)?[A-Za-z0-9_$]{1,64}", value):
        raise ValueError(f"{value!r} is not a name of a database or table such as queue_log")
    return value


def _prefix(value: str) -> str:
    if not re.fullmatch(r"/(?:[A-Za-z0-9._~-]+/)*", value):
        raise ValueError(f"{value!r} must begin and end with '/', such as /analytics/")
    return value


def _token(value: str) -> str:
    if not re.fullmatch(r"[!-~]{24,}", value):
        raise ValueError("must be at least 24 random characters without spaces; leave it unset for no token at all")
    return value


def _key(value: str) -> str:
    if len(value) < 32 or "cambiar" in value or "change" in value:
        raise ValueError("must be at least 32 random characters; leave it unset to have one made")
    return _text(value)


def _line(value: str) -> str:
    if any(c in value for c in "\r\n"):
        raise ValueError("must be one line")
    return _text(value)


def _origins(value: str) -> str:
    for origin in value.split(","):
        if origin.strip() and not re.fullmatch(r"https?://[^/\s*]+", origin.strip()):
            raise ValueError(f"{origin.strip()!r} is not an origin such as https://crm.example.com")
    return value


def _networks(value: str) -> str:
    for word in value.split(","):
        try:
            ipaddress.ip_network(word.strip() or "127.0.0.1")
        except ValueError:
            raise ValueError(f"{word.strip()!r} is not an address or network such as 127.0.0.1 or 10.0.0.0/8"
                             ) from None
    return value


def _picture(value: str | Path) -> Path:
    try:
        with Path(value).open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise ValueError(f"{str(value)!r} cannot be read: {error.strerror}") from None
    if not head.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        raise ValueError(f"{str(value)!r} is neither a PNG nor a JPEG picture")
    return Path(value)


def _as(read: Callable[[Any], Any], default: Any = None) -> Any:
    return field(default=default, metadata={"read": read})


_port = _number(int, 1, 65535)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation may choose. Names are the environment variables (or lines of `.env`); `chosen` are those
    that somebody did choose."""

    QUEUE_LOG_PATH: Path = _as(Path, DEFAULT_LOG)
    QUEUE_LOG_SOURCE: str = _as(click.Choice(("file", "mysql")), "file")
    QUEUE_LOG_TABLE: str = _as(_name, "queue_log")
    DATA_DIR: Path = _as(Path, Path("./var"))
    RECORDINGS_DIR: Path = _as(Path, Path("/var/spool/asterisk/monitor"))
    TIMEZONE: str = _as(_zone, MISSING)  # by default that of the machine
    LANGUAGE: str = _as(click.Choice(("es", "en")), "es")
    SERVICE_LEVEL_SECONDS: int = _as(_number(int, 1, 3600), 20)
    SERVICE_LEVEL_TARGET: float = _as(_number(float, 1, 100), 80)
    SHORT_ABANDON_SECONDS: int = _as(_number(int, 0, 600), 5)
    WRAPUP_SECONDS: int = _as(_number(int, 0, 3600), 0)
    INTERNAL_CALLERS: str = _as(_expression, r"^[1-9]\d{1,4}$")
    DB_HOST: str | None = _as(_text)
    DB_PORT: int = _as(_port, 3306)
    DB_USER: str | None = _as(_text)
    DB_PASSWORD: str | None = _as(_text)
    DB_NAME_CDR: str = _as(_name, "asteriskcdrdb")
    DB_NAME_ASTERISK: str = _as(_name, "asterisk")
    DB_NAME_CALLCENTER: str = _as(_name, "call_center")
    AMI_HOST: str | None = _as(_text)
    AMI_PORT: int = _as(_port, 5038)
    AMI_USER: str | None = _as(_line)
    AMI_SECRET: str | None = _as(_line)
    DATABASE_URL: str | None = _as(_text)
    SERVER_HOST: str = _as(_text, "127.0.0.1")
    SERVER_PORT: int = _as(_port, 8000)
    URL_PREFIX: str = _as(_prefix, "/")
    WORKERS: int = _as(_number(int, 1, 64), 2)
    SECRET_KEY: str | None = _as(_key)
    ACCESS_TOKEN_EXPIRE_MINUTES: int = _as(_number(int, 1, 1440), 60)
    CORS_ORIGINS: str = _as(_origins, "")
    TRUSTED_PROXIES: str = _as(_networks, "")
    COMPANY_NAME: str = _as(_short_text, "")
    COMPANY_LOGO: Path | None = _as(_picture)
    PAPER_SIZE: str = _as(click.Choice(("a4", "letter")), "a4")
    REFRESH_SECONDS: float = _as(_number(float, 0.2, 3600), 2)
    LOG_STALE_HOURS: float = _as(_number(float, 0, 8760, above=True), 72)
    LOG_FORMAT: str = _as(click.Choice(("text", "json")), "text")
    LOG_LEVEL: str = _as(click.Choice(("debug", "info", "warning", "error")), "info")
    METRICS_TOKEN: str | None = _as(_token)
    DEMO: bool = _as(_flag, False)
    chosen: frozenset[str] = frozenset()

    @property
    def database_url(self) -> str:
        """SQLAlchemy address of users, audit and settings."""
        return self.DATABASE_URL or f"sqlite:///{self.DATA_DIR.resolve() / 'app.db'}"

    def as_json(self) -> bytes:
        """What `load` makes the same settings of, in another process."""
        return json.dumps({name: getattr(self, name) for name in SETTINGS}, default=str).encode()

    @property
    def cors_origins(self) -> frozenset[str]:
        return frozenset(o.strip() for o in self.CORS_ORIGINS.split(",") if o.strip())


SETTINGS = {one.name: one for one in fields(Settings) if one.metadata}


def share_counts(folder: Path) -> None:
    """Where the processes of a service count together: prometheus_client asks the environment, and only when it is
    imported. What the administrator chose stays."""
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(folder))


class SettingsError(Exception):
    """A setting has a value that cannot work; the message is one sentence naming it."""


def _written() -> dict[str, str]:
    """What the environment says, and `.env` where that says nothing; in any case of letters, and empty is nothing.

    Not by pydantic, which takes a tenth of a second longer to be imported: some commands take little more.
    """
    try:
        lines = dotenv_values(".env", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f".env cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(".env cannot be read: it is not UTF-8.") from None
    return {name.upper(): value for source in (lines, os.environ) for name, value in source.items() if value}


def load(**values: object) -> Settings:
    """Settings of the environment, `.env` and `values`; SettingsError with one sentence if one is wrong."""
    said = {**_written(), **values}
    found: dict[str, Any] = {}
    for name, one in SETTINGS.items():
        value = said[name] if name in said else one.default if one.default is not MISSING else _host_timezone()
        try:
            found[name] = None if value is None and one.default is None else one.metadata["read"](value)
        except (ValueError, click.BadParameter) as error:
            reason = getattr(error, "message", str(error)).rstrip(".")
            got = "" if name in SECRET or repr(value) in reason else f" (got {value!r})"
            raise SettingsError(f"{name}: {reason}{got}.") from None
    if found["QUEUE_LOG_SOURCE"] == "mysql" and not found["DB_HOST"]:
        raise SettingsError("QUEUE_LOG_SOURCE=mysql needs DB_HOST, DB_USER and DB_PASSWORD.")
    return Settings(**found, chosen=frozenset(SETTINGS.keys() & said.keys()))

"""Settings: every variable the program understands, typed and checked once, at start.

Nothing else in the project reads the environment; values travel down as arguments.
"""

import ipaddress
import os
import re
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

# Otherwise pydantic looks for plugins of its own among all that is installed, at every start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

DEFAULT_LOG = Path("/var/log/asterisk/queue_log")


def _host_timezone() -> str:
    import tzlocal  # asked only where nobody named a zone

    return tzlocal.get_localzone_name() or "UTC"


class Settings(BaseModel):
    """What an installation may choose. Names are the environment variables (or lines of `.env`)."""

    model_config = ConfigDict(validate_default=True)

    QUEUE_LOG_PATH: Path = DEFAULT_LOG
    QUEUE_LOG_SOURCE: Literal["file", "mysql"] = "file"
    QUEUE_LOG_TABLE: str = "queue_log"
    DATA_DIR: Path = Path("./var")
    RECORDINGS_DIR: Path = Path("/var/spool/asterisk/monitor")
    TIMEZONE: str = Field(default_factory=_host_timezone)
    LANGUAGE: Literal["es", "en"] = "es"
    SERVICE_LEVEL_SECONDS: int = Field(20, ge=1, le=3600)
    SERVICE_LEVEL_TARGET: float = Field(80, ge=1, le=100)
    SHORT_ABANDON_SECONDS: int = Field(5, ge=0, le=600)
    WRAPUP_SECONDS: int = Field(0, ge=0, le=3600)
    INTERNAL_CALLERS: str = r"^[1-9]\d{1,4}$"
    DB_HOST: str | None = None
    DB_PORT: int = Field(3306, ge=1, le=65535)
    DB_USER: str | None = None
    DB_PASSWORD: str | None = None
    DB_NAME_CDR: str = "asteriskcdrdb"
    DB_NAME_ASTERISK: str = "asterisk"
    DB_NAME_CALLCENTER: str = "call_center"
    AMI_HOST: str | None = None
    AMI_PORT: int = Field(5038, ge=1, le=65535)
    AMI_USER: str | None = None
    AMI_SECRET: str | None = None
    DATABASE_URL: str | None = None
    SERVER_HOST: str = "127.0.0.1"
    SERVER_PORT: int = Field(8000, ge=1, le=65535)
    URL_PREFIX: str = "/"
    WORKERS: int = Field(2, ge=1, le=64)
    SECRET_KEY: str | None = None
    ACCESS_TOKEN_EXPIRE_MINUTES: int = Field(60, ge=1, le=1440)
    CORS_ORIGINS: str = ""
    TRUSTED_PROXIES: str = ""
    COMPANY_NAME: str = Field("", max_length=120)
    COMPANY_LOGO: Path | None = None
    PAPER_SIZE: Literal["a4", "letter"] = "a4"
    REFRESH_SECONDS: float = Field(2, ge=0.2, le=3600)
    LOG_STALE_HOURS: float = Field(72, gt=0, le=8760)
    LOG_FORMAT: Literal["text", "json"] = "text"
    LOG_LEVEL: Literal["debug", "info", "warning", "error"] = "info"
    METRICS_TOKEN: str | None = None
    DEMO: bool = False

    @field_validator("TIMEZONE")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not an IANA time zone such as America/Bogota") from None
        return value

    @field_validator("INTERNAL_CALLERS")
    @classmethod
    def _expression_compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is not a regular expression: {error}") from None
        return value

    @field_validator("QUEUE_LOG_TABLE", "DB_NAME_CDR", "DB_NAME_ASTERISK", "DB_NAME_CALLCENTER")
    @classmethod
    def _name_is_a_name(cls, value: str) -> str:
        if not re.fullmatch(r"(?:[A-Za-z0-9_$]{1,64}\.)?[A-Za-z0-9_$]{1,64}", value):
            raise ValueError(f"{value!r} is not a name of a database or table such as queue_log")
        return value

    @model_validator(mode="after")
    def _a_table_needs_a_server(self) -> "Settings":
        if self.QUEUE_LOG_SOURCE == "mysql" and not self.DB_HOST:
            raise ValueError("QUEUE_LOG_SOURCE=mysql needs DB_HOST, DB_USER and DB_PASSWORD")
        return self

    @field_validator("URL_PREFIX")
    @classmethod
    def _prefix_is_a_path(cls, value: str) -> str:
        if not re.fullmatch(r"/(?:[A-Za-z0-9._~-]+/)*", value):
            raise ValueError(f"{value!r} must begin and end with '/', such as /analytics/")
        return value

    @field_validator("METRICS_TOKEN")
    @classmethod
    def _token_is_long(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[!-~]{24,}", value):
            raise ValueError("must be at least 24 random characters without spaces; leave it unset for no token at all")
        return value

    @field_validator("SECRET_KEY")
    @classmethod
    def _secret_is_long(cls, value: str | None) -> str | None:
        if value is not None and (len(value) < 32 or "cambiar" in value or "change" in value):
            raise ValueError("must be at least 32 random characters; leave it unset to have one made")
        return value

    @field_validator("AMI_SECRET", "AMI_USER")
    @classmethod
    def _one_line(cls, value: str | None) -> str | None:
        if value is not None and any(c in value for c in "\r\n"):
            raise ValueError("must be one line")
        return value

    @field_validator("CORS_ORIGINS")
    @classmethod
    def _origins_are_origins(cls, value: str) -> str:
        for origin in value.split(","):
            if origin.strip() and not re.fullmatch(r"https?://[^/\s*]+", origin.strip()):
                raise ValueError(f"{origin.strip()!r} is not an origin such as https://crm.example.com")
        return value

    @field_validator("TRUSTED_PROXIES")
    @classmethod
    def _proxies_are_networks(cls, value: str) -> str:
        for word in value.split(","):
            try:
                ipaddress.ip_network(word.strip() or "127.0.0.1")
            except ValueError:
                raise ValueError(f"{word.strip()!r} is not an address or network such as 127.0.0.1 or 10.0.0.0/8"
                                 ) from None
        return value

    @field_validator("COMPANY_LOGO")
    @classmethod
    def _logo_is_a_picture(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                with value.open("rb") as file:
                    head = file.read(8)
            except OSError as error:
                raise ValueError(f"{str(value)!r} cannot be read: {error.strerror}") from None
            if not head.startswith((b"\x89PNG", b"\xff\xd8\xff")):
                raise ValueError(f"{str(value)!r} is neither a PNG nor a JPEG picture")
        return value

    @property
    def database_url(self) -> str:
        """SQLAlchemy address of users, audit and settings."""
        return self.DATABASE_URL or f"sqlite:///{self.DATA_DIR.resolve() / 'app.db'}"

    @property
    def cors_origins(self) -> frozenset[str]:
        return frozenset(o.strip() for o in self.CORS_ORIGINS.split(",") if o.strip())


def share_counts(folder: Path) -> None:
    """Where the processes of a service count together: prometheus_client asks the environment, and only when it is
    imported. What the administrator chose stays."""
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(folder))


class SettingsError(Exception):
    """A setting has a value that cannot work; the message is one sentence naming it."""


def _written() -> dict[str, str]:
    """What the environment says, and `.env` where that says nothing; in any case of letters, and empty is nothing.

    Not by pydantic-settings, which takes a tenth of a second longer to be imported: some commands take little more.
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
    try:
        return Settings.model_validate({**_written(), **values})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        reason = str(first["msg"]).removeprefix("Value error, ")
        if not first["loc"]:
            raise SettingsError(f"{reason}.") from None
        raise SettingsError(f"{name}: {reason} (got {first.get('input')!r})."
                            if name not in ("DB_PASSWORD", "SECRET_KEY", "AMI_SECRET", "METRICS_TOKEN")
                            else f"{name}: {reason}.") from None

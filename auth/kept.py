"""What a backup of the data folder has to know about the people, who are in a database of their own."""

from pathlib import Path

from sqlalchemy import make_url

from auth import upgrade
from auth.users import UserStore


def outside(url: str, folder: Path) -> str:
    """What of the people is not in a backup of `folder`, in words; "" when everything is."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return (f"users, audit and settings, which are in the database {address.database!r} of {address.host}; "
                "keep them with mariadb-dump.")
    if folder.resolve() not in Path(str(address.database)).resolve().parents:
        return f"users, audit and settings, which are in {address.database}, outside of the data folder."
    return ""


def known(step: str) -> bool:
    """Whether this version knows that step of their database."""
    return step in upgrade.STEPS


def restored(url: str, folder: Path, made: str) -> None:
    """A line in the audit: a backup of that moment was put back. Unusable."""
    users = UserStore(url, folder=folder)
    users.record("restored", target=made, address="shell")
    users.close()

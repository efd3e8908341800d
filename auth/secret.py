"""The installation's secret: the one it was given, or one made on the first start and kept."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

NAME = "secret_key"
SHORTEST = 32


def load(value: str | None, folder: Path) -> str:
    """`value` if there is one; else the secret kept in `folder`, made there (file 0600) when there is none.

    Several processes may start at once: all of them get the same secret.
    """
    if value:
        return value
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / NAME
    if not path.exists():
        draft = folder / f".{NAME}.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link, unlike a rename, never replaces the secret another process has just put there.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    found = path.read_text().strip()
    if len(found) < SHORTEST:
        raise ValueError(f"{path} is shorter than {SHORTEST} characters; delete it to have a new one made")
    return found


def derive(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, so that what is signed for one use is worth nothing in another."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()

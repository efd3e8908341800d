"""A note beside the database: that there were people here, and how far their audit went.

Without it a database that was deleted would be a first start, and the first password would open the program again.
"""

import json
import os
import secrets
from pathlib import Path

NAME = "people.json"


class Marker:
    """The note of one installation; `path` None for a store that keeps none."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def there(self) -> bool:
        return self.path is not None and self.path.exists()

    def known(self) -> tuple[int, str] | None:
        """The newest line of the audit and its seal when the note was written."""
        if self.path is None:
            return None
        try:
            told = json.loads(self.path.read_text())
            return int(told["line"]), str(told["seal"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, line: int, seal: str) -> None:
        """Writes it anew, whole or not at all."""
        if self.path is None:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{NAME}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"line": line, "seal": seal}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)

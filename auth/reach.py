"""Whether the people of this installation can be read, asked without waiting for a database that is silent."""

import threading

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from auth.models import Account
from auth.users import UserStore

PATIENCE = 3.0  # seconds; whoever asks for the health of a service has little more


class Reach:
    """Asks the database of `users`, one question at a time however many want to know."""

    def __init__(self, users: UserStore, patience: float = PATIENCE):
        self.users, self.patience = users, patience
        self._guard = threading.Lock()
        self._asking: tuple[threading.Event, list[bool]] | None = None

    def __call__(self) -> bool:
        """Whether it answered in time, and there is somebody in it."""
        with self._guard:
            if self._asking is None or self._asking[0].is_set():
                self._asking = (threading.Event(), [])
                threading.Thread(target=self._ask, args=self._asking, name="people", daemon=True).start()
            done, found = self._asking
        return done.wait(self.patience) and found == [True]

    def _ask(self, done: threading.Event, found: list[bool]) -> None:
        try:
            with self.users.reading() as session:
                found.append(session.scalar(select(Account.id).limit(1)) is not None)
        except SQLAlchemyError:
            found.append(False)
        finally:
            done.set()

"""Users from the shell: `users add/list/passwd/invite/disable/enable/remove/recover/check`."""

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from auth import keeping
from auth.factors import Factors
from auth.invitations import Invitations
from auth.permissions import ROLES, Permission
from auth.users import BadUser, User, UserStore, WeakPassword

PERMISSIONS = [permission.value for permission in Permission]


def users_group(store: Callable[..., UserStore], prefix: Callable[[], str] = lambda: "/") -> click.Group:
    """The group to mount; `store(begin)` opens the people, and is called only when a command runs: `begin` False also
    opens those that are gone. `prefix()` is that of the pages."""

    @click.group()
    def users() -> None:
        """Administers the people who may sign in."""

    @users.command()
    @click.argument("username")
    @click.option("--role", type=click.Choice(list(ROLES)), default="viewer", show_default=True)
    @click.option("--queue", "queues", multiple=True, help="Only this queue; may be repeated. Without it, all.")
    @click.option("--give", multiple=True, type=click.Choice(PERMISSIONS), help="A permission beyond the role.")
    @click.option("--take", multiple=True, type=click.Choice(PERMISSIONS), help="A permission of the role less.")
    @click.option("--language", type=click.Choice(["es", "en"]))
    @click.option("--password", help="Others on this machine may see it; without it one is made and printed.")
    @click.option("--password-stdin", is_flag=True, help="Reads the password from the standard input.")
    def add(username: str, role: str, queues: tuple[str, ...], give: tuple[str, ...], take: tuple[str, ...],
            language: str | None, password: str | None, password_stdin: bool) -> None:
        """Adds USERNAME."""
        chosen, made = _password(password, password_stdin)
        with _spoken():
            who = store().add(username, chosen, role, given=give, taken=take, queues=queues or None,
                              language=language, must_change=made, address="shell")
        click.echo(f"{who.username} was added as {who.role}.")
        _tell(chosen, made)

    @users.command("list")
    @click.option("--json", "as_json", is_flag=True)
    def show(as_json: bool) -> None:
        """Lists everybody."""
        found = store().list()
        if as_json:
            click.echo(json.dumps([_plain(who) for who in found], ensure_ascii=False))
            return
        for who in found:
            queues = "all queues" if who.queues is None else "queues " + ", ".join(sorted(who.queues))
            click.echo(f"{who.username:<24} {who.role:<11} {'active' if who.active else 'disabled':<9} {queues}")

    @users.command()
    @click.argument("username")
    @click.option("--password", help="Others on this machine may see it; without it one is made and printed.")
    @click.option("--password-stdin", is_flag=True, help="Reads the password from the standard input.")
    def passwd(username: str, password: str | None, password_stdin: bool) -> None:
        """Gives USERNAME another password, and ends every session of that user."""
        chosen, made = _password(password, password_stdin)
        with _spoken():
            store().set_password(username, chosen, must_change=made, address="shell")
        click.echo(f"The password of {username} was changed.")
        _tell(chosen, made)

    @users.command()
    @click.argument("username")
    def disable(username: str) -> None:
        """Ends every session of USERNAME and lets nobody in with that name."""
        with _spoken():
            store().disable(username, address="shell")
        click.echo(f"{username} was disabled.")

    @users.command()
    @click.argument("username")
    def enable(username: str) -> None:
        """Lets USERNAME in again."""
        with _spoken():
            store().update(username, active=True, address="shell")
        click.echo(f"{username} was enabled.")

    @users.command()
    @click.argument("username")
    def invite(username: str) -> None:
        """Prints a link by which USERNAME chooses a password, once; the old password is void."""
        with _spoken():
            token, _ = Invitations(store()).make(username, address="shell")
        click.echo(f"Link for {username}, good once and for 72 hours, below the address of the program:")
        click.echo(f"{prefix()}invitation/{token}")

    @users.command()
    @click.argument("username")
    def remove(username: str) -> None:
        """Removes USERNAME; what the audit says of that user stays."""
        with _spoken():
            store().remove(username, address="shell")
        click.echo(f"{username} was removed.")

    @users.command()
    @click.argument("username", default="admin")
    def recover(username: str) -> None:
        """Makes USERNAME an administrator with a password of one use: when nobody gets in any more, or the database of
        the users is gone."""
        people, made = store(False), secrets.token_urlsafe(12)
        with _spoken():
            if (found := people.get(username)) is None:
                people.add(username, made, "admin", must_change=True, address="shell")
            else:
                people.update(found.id, role="admin", given=(), taken=(), active=True, address="shell")
                people.set_password(found.id, made, address="shell")
                if found.second_factor:
                    Factors(people).switch_off(found.id, address="shell")
            people.record("recovered", target=username, address="shell")
        keeping.remember(people)
        click.echo(f"{username} is an administrator.")
        _tell(made, True)

    @users.command()
    def check() -> None:
        """Checks that no line of the audit was changed or removed; exit code 1 when one was."""
        found = keeping.verify(store())
        click.echo(f"Audit: {found.words}".rstrip(".") + ".")
        sys.exit(1 if found.wrong else 0)

    return users


def _password(given: str | None, from_stdin: bool) -> tuple[str, bool]:
    """The password, and whether it was made here and has to be changed at the first sign-in."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    return (given, False) if given is not None else (secrets.token_urlsafe(12), True)


def _tell(password: str, made: bool) -> None:
    if made:
        click.echo(f"Password: {password}  (to be changed at the first sign-in)")


@contextmanager
def _spoken() -> Iterator[None]:
    """What is wrong with a user or a password becomes one sentence and exit code 2."""
    try:
        yield
    except (BadUser, WeakPassword) as error:
        click.echo(f"{error}".rstrip(".") + ".", err=True)
        sys.exit(2)


def _plain(who: User) -> dict[str, object]:
    return {"id": who.id, "username": who.username, "role": who.role, "permissions": sorted(who.permissions),
            "queues": None if who.queues is None else sorted(who.queues), "active": who.active,
            "must_change": who.must_change, "last_login": who.last_login}

"""The commands that keep a data folder and bring it back: backup, restore."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click

from data.cli import fail


class People(Protocol):
    """What is asked about the people's database at `url`, which may lie in the data folder or elsewhere."""

    def outside(self, url: str, folder: Path) -> str:
        """What has to be kept by other means, in words."""

    def known(self, step: str) -> bool:
        """Whether this version knows a step of their database."""

    def restored(self, url: str, folder: Path, made: str) -> None:
        """Notes in the audit that a backup of that moment was put back."""


def register(main: click.Group, settings: Callable[[], Any], version: str, people: Callable[[], People]) -> None:
    """Adds the commands to `main`; `settings()` and `people()` are called only when one runs."""

    @main.command("backup")
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    def make(file: Path) -> None:
        """Writes everything the program keeps into FILE (.tar.gz), also while it runs."""
        from data import backup

        chosen = settings()
        outside = people().outside(chosen.database_url, chosen.DATA_DIR)
        try:
            made = backup.write(chosen.DATA_DIR, file, version, [outside] if outside else [], chosen.DEMO)
        except backup.Failed as error:
            fail(str(error))
        else:
            click.echo("{file}: {files} files, {bytes:,} bytes.".format(file=file, **backup.summary(made)))
            for words in made.not_in:
                click.echo(f"NOT IN IT: {words}", err=True)

    @main.command("restore")
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
    @click.option("--force", is_flag=True, help="Also where something is already: it is set aside, not deleted.")
    def put_back(file: Path, force: bool) -> None:
        """Puts the backup FILE in the place of the data folder. The service must be stopped."""
        from data import backup, restore

        chosen, they = settings(), people()
        try:
            manifest, old = restore.put_back(file, chosen.DATA_DIR, version, they.known, force)
        except backup.Failed as error:
            fail(str(error))
        else:
            click.echo("Restored the backup of {made}: {files} files, {bytes:,} bytes.".format(
                made=manifest.made, **backup.summary(manifest)))
            if old:
                click.echo(f"What was there is in {old}: delete it when everything is as it should be.")
            for words in manifest.not_in:
                click.echo(f"NOT IN IT: {words}", err=True)
            they.restored(chosen.database_url, chosen.DATA_DIR, manifest.made)

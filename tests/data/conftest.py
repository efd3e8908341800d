"""What several tests of the data floor share."""

import gzip
import json
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from data.site import Site
from data.store import Store
from tests.ami_server import messages

# Who has which extension in the recorded center, as its names.csv would say.
LAB = {"101": "Ana Gómez", "102": "Luis Pérez", "103": "Carla Ñáñez", "104": "Jorge Díaz", "105": "María José Ruiz",
       "106": "Pedro O'Neil", "107": "Núñez, Raúl", "109": "Valentina Ríos", "111": "Óscar Téllez",
       "112": "Paula Ibáñez", "114": "Diana Postventa"}


@pytest.fixture(scope="session")
def forty(shared, tmp_path_factory):
    """The recorded moments: `name`, `view` over the log as it was, `answer` of QueueStatus, `taken` epoch."""
    made = []
    for folder in sorted((shared / "lab16/snapshots").iterdir()):
        place = tmp_path_factory.mktemp("moment")
        taken = json.loads((folder / "meta.json").read_text())["t_end"]
        (place / "queue_log").write_bytes(gzip.decompress((folder / "queue_log.full.gz").read_bytes()))
        store = Store(place / "queue_log", place / "store", Site(ZoneInfo("America/Bogota"), extensions=LAB),
                      clock=lambda taken=taken: taken)
        store.refresh()
        answer = [m for m in messages((folder / "queuestatus.ami").read_bytes())
                  if m.get("Event") in ("QueueParams", "QueueMember", "QueueEntry")]
        made.append(SimpleNamespace(name=folder.name, view=store.view(), answer=answer, taken=taken))
        store.book.close()
    return made

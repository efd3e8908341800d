"""The demonstration centre's queues and agents: names, characters, and who can answer what. All invented."""

from dataclasses import dataclass
from random import Random

RING_SECONDS = 15       # how long a phone rings before the queue tries another (its log line says 15000)
RETRY_SECONDS = 5       # pause of the queue between two attempts for one caller


@dataclass(frozen=True)
class QueueProfile:
    """A queue as its owner set it up. Times in seconds, `share` of all calls, `talk` and `patience` are means."""

    number: str
    name: str
    target: int
    share: float
    talk: float
    patience: float
    max_wait: int
    overflow: str       # where callers go after `max_wait`; empty: they are sent to a voicemail
    did: str
    autopause: bool = False


QUEUES = (
    QueueProfile("600", "Ventas", 20, 0.30, 300, 140, 200, "603", "6015550600"),
    QueueProfile("601", "Soporte técnico", 30, 0.25, 480, 240, 400, "603", "6015550601"),
    QueueProfile("602", "Cobranzas", 30, 0.16, 235, 130, 180, "", "6015550602", autopause=True),
    QueueProfile("603", "Posventa", 40, 0.14, 320, 150, 240, "600", "6015550603"),
    QueueProfile("604", "Citas médicas", 20, 0.15, 175, 140, 150, "", "6015550604"),
)


@dataclass(frozen=True)
class AgentProfile:
    """A person: `pace` multiplies talk time, `miss` is the chance not to answer a ring, `rest` multiplies pauses.

    `direct` members are rung as PJSIP/1001 and leave transfer lines; the others are Issabel's Local channels.
    `guard` agents keep the night. `pitch` is the voice in the recordings, in hertz.
    """

    extension: str
    name: str
    queues: tuple[str, ...]
    pace: float
    miss: float
    reflex: float       # mean seconds until the phone is picked up
    rest: float
    direct: bool = False
    guard: bool = False
    pitch: float = 140.0


# name, queues, pace, miss, reflex, rest: most are ordinary, some are what a supervisor looks for.
_STAFF = (
    ("María Fernanda Núñez", "600 603", 0.92, 0.02, 3.5, 0.9),
    ("José Ángel Peña", "601", 1.05, 0.05, 5.0, 1.0),
    ("Luz Marina Gutiérrez", "602 604 600", 1.00, 0.04, 4.5, 1.0),
    ("Andrés Felipe Muñoz", "600 602", 0.78, 0.03, 3.0, 0.8),
    ("Sofía Ríos", "604 603 601", 0.95, 0.03, 4.0, 1.0),
    ("Óscar Téllez", "601 603", 1.34, 0.08, 6.5, 1.2),
    ("Carolina Ibáñez", "600 604 602", 1.02, 0.05, 5.0, 1.1),
    ("Iván Darío Cárdenas", "601", 0.96, 0.06, 5.5, 1.0),
    ("Begoña Ordóñez", "603 604 600", 1.10, 0.04, 4.5, 2.1),
    ("Raúl Ñáñez", "600 601", 1.00, 0.26, 7.0, 1.3),
    ("Mónica Lucía Vélez", "602 600", 0.94, 0.03, 4.0, 0.9),
    ("Julián Esteban Gómez", "601 603", 0.90, 0.05, 4.5, 1.0),
    ("Ximena Córdoba", "604 600", 0.88, 0.02, 3.0, 0.9),
    ("Tomás Alarcón", "602 603", 1.12, 0.07, 5.5, 1.0),
    ("Verónica Sáenz", "600 602", 1.04, 0.04, 4.0, 1.0),
    ("Hernán Bolaños", "601 604", 1.45, 0.12, 7.5, 1.4),
    ("Lucía Inés Márquez", "600 603", 0.98, 0.03, 4.0, 1.0),
    ("Camilo Andrés Rincón", "602 604", 0.86, 0.19, 6.5, 1.1),
    ("Paola Jiménez", "600 601", 1.06, 0.05, 5.0, 1.9),
    ("Nicolás Echeverría", "603 602 604", 1.00, 0.06, 5.0, 1.0),
    ("Adriana Güiza", "604 600", 0.97, 0.04, 4.5, 1.0),
    ("Sebastián Zúñiga", "601 603", 1.08, 0.07, 5.0, 1.1),
    ("Yolanda Benítez", "602 600 603", 1.18, 0.04, 5.5, 1.0),
    ("Fabián Castaño", "600 601 604", 1.05, 0.06, 6.0, 0.6),
    ("Rocío Marín", "601 600 604", 0.98, 0.05, 5.5, 0.6),
)
_GUARDS = {"Fabián Castaño", "Rocío Marín"}
_FIRST = ("Ana María", "Álvaro", "Catalina", "Cristóbal", "Daniela", "Efraín", "Estefanía", "Gastón", "Inés", "Joaquín",
          "Liliana", "Martín", "Natalia", "Pilar", "Ramón", "Susana", "Teófilo", "Valentina", "Wílmer", "Zoraida")
_LAST = ("Acuña", "Bermúdez", "Chávez", "Domínguez", "Espíndola", "Fernández", "Galván", "Hernández", "Ibarra",
         "Landázuri", "Meléndez", "Nariño", "Olmos", "Pérez", "Quiñones", "Rodríguez", "Suárez", "Toro",
         "Urrutia", "Villafañe")


def agents(count: int, seed: int) -> tuple[AgentProfile, ...]:
    """The first `count` agents (at least 25); beyond the known ones, invented with the same abilities."""
    random = Random(f"{seed}/agents")
    people = []
    for index in range(max(count, len(_STAFF))):
        if index < len(_STAFF):
            name, queues, pace, miss, reflex, rest = _STAFF[index]
        else:
            extra = index - len(_STAFF)
            first, last = _FIRST[extra % 20], _LAST[(extra + extra // 20) % 20]
            name = f"{first} {last}" + (f" {_LAST[extra // 400 % 20]}" if extra >= 400 else "")
            queues = _STAFF[extra % 23][1]
            pace, miss = random.lognormvariate(0.0, 0.14), random.choice((0.02, 0.04, 0.05, 0.07, 0.14))
            reflex, rest = random.uniform(3.0, 6.5), random.lognormvariate(0.0, 0.25)
        pitch = random.uniform(180, 235) if name.split()[0][-1] in "aí" else random.uniform(95, 140)
        people.append(AgentProfile(str(1001 + index), name, tuple(queues.split()), pace, miss, reflex, rest,
                                   direct=index % 5 == 4, guard=name in _GUARDS, pitch=pitch))
    return tuple(people)

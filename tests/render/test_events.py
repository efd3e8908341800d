"""Lines of the log in words, in both languages."""

import pytest

from i18n import LANGUAGES
from render import events

LINES = [
    ("DID", "6015550600", "El cliente marcó el 6015550600", "The caller dialled 6015550600"),
    ("DID", "", "La llamada vino de dentro: no se marcó ningún número",
     "The call came from inside: no number was dialled"),
    ("ENTERQUEUE", "|300|2", "La llamada entró en la cola 600 Ventas en la posición 2",
     "The call entered queue 600 Ventas in position 2"),
    ("ENTERQUEUE", "|300|999|123|7", "La llamada entró en la cola 600 Ventas en la posición 7",
     "The call entered queue 600 Ventas in position 7"),
    ("ENTERQUEUE", "|300|3|JOSE", "La llamada entró en la cola 600 Ventas en la posición 3",
     "The call entered queue 600 Ventas in position 3"),
    ("ENTERQUEUE", "|300", "La llamada entró en la cola 600 Ventas", "The call entered queue 600 Ventas"),
    ("CONNECT", "75|1.2|4", "Ana contestó tras una espera de 1:15; el teléfono timbró 0:04",
     "Ana answered after a wait of 1:15; the telephone rang 0:04"),
    ("CONNECT", "75|1.2", "Ana contestó tras una espera de 1:15", "Ana answered after a wait of 1:15"),
    ("COMPLETEAGENT", "75|3700|1", "Ana colgó después de conversar 1:01:40", "Ana hung up after talking 1:01:40"),
    ("COMPLETECALLER", "75|9|1", "El cliente colgó después de conversar 0:09 con Ana",
     "The caller hung up after talking 0:09 with Ana"),
    ("EXITWITHKEY", "2|1|1|7", "El cliente pulsó 2 después de esperar 0:07", "The caller pressed 2 after waiting 0:07"),
    ("EXITWITHKEY", "2|1", "El cliente pulsó 2 después de esperar —", "The caller pressed 2 after waiting —"),
    ("EXITWITHTIMEOUT", "1|2|60", "Venció la espera máxima de la cola 600 Ventas: 1:00",
     "The longest wait of queue 600 Ventas was reached: 1:00"),
    ("LEAVEEMPTY", "1|2|6", "La cola 600 Ventas se quedó sin agentes tras una espera de 0:06",
     "Queue 600 Ventas had no agents left after a wait of 0:06"),
    ("RINGNOANSWER", "8000", "El teléfono de Ana timbró 0:08 y nadie contestó",
     "The telephone of Ana rang 0:08 and nobody answered"),
    ("RINGNOANSWER", "0", "El teléfono de Ana estaba ocupado o no se pudo alcanzar",
     "The telephone of Ana was busy or could not be reached"),
    ("BLINDTRANSFER", "110|from-internal|2|16|1", "Ana transfirió la llamada a 110 después de conversar 0:16",
     "Ana transferred the call to 110 after talking 0:16"),
    ("TRANSFER", "110|from-internal|2|16|1", "Ana transfirió la llamada a 110 después de conversar 0:16",
     "Ana transferred the call to 110 after talking 0:16"),
    ("TRANSFER", "602", "Ana pasó la llamada a 602", "Ana passed the call on to 602"),
    ("ATTENDEDTRANSFER", "BRIDGE|b-1|2|16|1", "Ana pasó la llamada con consulta previa después de conversar 0:16",
     "Ana handed the call over in person after talking 0:16"),
    ("ATTENDEDTRANSFER", "LINK|a|b|2|16|1", "Ana pasó la llamada con consulta previa después de conversar 0:16",
     "Ana handed the call over in person after talking 0:16"),
    ("ATTENDEDTRANSFER", "APP|Queue|2|16|1", "Ana pasó la llamada a Queue después de conversar 0:16",
     "Ana handed the call over to Queue after talking 0:16"),
    ("ENCUESTA", "5|{bien}", "La central anotó ENCUESTA: 5|{bien}", "The telephone system noted ENCUESTA: 5|{bien}"),
]


@pytest.mark.parametrize("event, data, spanish, english", LINES)
def test_every_line_is_a_sentence(event, data, spanish, english):
    fields = data.split("|") if data else []
    for lang, words in (("es", spanish), ("en", english)):
        assert events.sentence(lang, event, fields, "600 Ventas", "Ana") == words


def test_who_hung_up_when_nobody_or_somebody_had_picked_up():
    assert events.sentence("es", "ABANDON", ["1", "2", "9"], "600", None) == (
        "El cliente colgó después de esperar 0:09, en la posición 1")
    assert events.sentence("es", "ABANDON", ["1", "2", "9"], "600", "Ana") == (
        "El cliente colgó cuando Ana descolgaba, después de esperar 0:09")
    assert events.sentence("es", "COMPLETEAGENT", [], None, None) == "Un agente colgó después de conversar —"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("event", [*events.EVENTS, *events.SAME, "WHATEVER"])
@pytest.mark.parametrize("data", [[], [""], ["x"], ["-1", "", "9" * 30], ["{agent}", "{0}", "%s"]])
def test_no_line_is_too_strange_for_words(lang, event, data):
    words = events.sentence(lang, event, data, None, None)
    assert words
    assert "{" not in words.replace("{agent}", "").replace("{0}", "")
    assert events.label(lang, event)
    assert events.label(lang, "WHATEVER") in ("Evento personalizado", "Custom event")

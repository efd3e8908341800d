"""Words, numbers, durations and moments in the reader's language.

Catalogues are gettext `.po` files, one folder a language, several files a folder (one a part of the
house); message ids are English sentences. They are read once at start: nothing compiled is committed.
"""

import datetime as dt
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("es", "en")
# One regional setting for Python, the browser, plotly and Excel: Spanish of Latin America with a decimal
# point would be es-MX, with a comma es-CO; the house writes es-MX (1,486 and 84.9 %).
LOCALES = {"es": Locale.parse("es_MX"), "en": Locale.parse("en_US")}
# Whether numbers look in a language as Python itself writes them: 1,234.5.
GROUPED = {lang: [locale.number_symbols["latn"][sign] for sign in ("group", "decimal", "minusSign")] == [",", ".", "-"]
           for lang, locale in LOCALES.items()}
FOLDER = Path(__file__).parent / "translations"
NOTHING = "—"


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Every message id of a language with its words; those of a context come after it and EOT, as in gettext."""
    words: dict[str, str] = {}
    for path in sorted((FOLDER / lang).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=lang):
                if message.id:
                    where = f"{message.context}\x04" if message.context else ""
                    words[where + str(message.id)] = str(message.string)
    return words


def text(lang: str, msg: str, **values: object) -> str:
    """The words of `msg` in `lang`, placeholders like `{count}` filled from `values`."""
    words = catalogue(lang).get(msg) or msg
    return words.format(**values) if values else words


def one(lang: str, msg: str) -> str:
    """The words of `msg` said of one thing where they are usually said of many (msgctxt "one"): Answered is
    Atendidas, and one call is Atendida."""
    return catalogue(lang).get(f"one\x04{msg}") or text(lang, msg)


def number(lang: str, value: float | None, decimals: int = 0) -> str:
    """1,486 or 84.9; a dash when there is no value."""
    if value is None or value != value:
        return NOTHING
    rounded = round(value, decimals)
    if not GROUPED[lang] or not abs(rounded) < 2**53:
        return format_decimal(rounded, "#,##0" + ("." + "0" * decimals if decimals else ""), locale=LOCALES[lang])
    # What Babel would write, twenty times as fast: a table has a thousand numbers.
    return f"{rounded:,.{decimals}f}"


def percent(lang: str, value: float | None, decimals: int = 1) -> str:
    """84.9 %; `value` is 0–100."""
    return NOTHING if value is None or value != value else f"{number(lang, value, decimals)} %"


def duration(value: float | None) -> str:
    """Seconds as m:ss or h:mm:ss, the same in both languages; a dash when there is no value."""
    if value is None or value != value:
        return NOTHING
    seconds = int(round(value))
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


def day(lang: str, value: dt.date) -> str:
    """24/11/2026 in both languages: one order of day and month in the whole product."""
    return format_date(value, "dd/MM/yyyy", locale=LOCALES[lang])


def moment(lang: str, value: dt.datetime, seconds: bool = True) -> str:
    """24/11/2026 14:32:07, in the zone the value carries."""
    return format_datetime(value, "dd/MM/yyyy HH:mm" + (":ss" if seconds else ""), locale=LOCALES[lang])


def clock(lang: str, value: dt.datetime | dt.time, seconds: bool = True) -> str:
    """14:32:07."""
    return format_time(value, "HH:mm" + (":ss" if seconds else ""), locale=LOCALES[lang])


def weekday(lang: str, index: int, width: str = "abbreviated") -> str:
    """Lun, Mar … / Mon, Tue …; Monday is 0."""
    name = LOCALES[lang].days["stand-alone"][width][index]
    return name[:1].upper() + name[1:].rstrip(".")

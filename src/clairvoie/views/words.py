"""Words in French and English: the catalogues, read from their sources at start, and the numbers of each language.

Every ``*.po`` under ``locale/<language>/LC_MESSAGES`` is read, so no compiled file can be older than its source. A
sentence without a text in a language is shown as its key; a test keeps that from happening.

>>> translations("fr").gettext("false alarm")
'fausse alerte'
>>> decimal(61.5, "fr"), decimal(61.5, "en")
('61,5', '61.5')
"""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

LANGUAGES = ("fr", "en")
LOCALE = Path(__file__).parent / "locale"


def mark(text: str) -> str:
    """``text`` itself: marks it for extraction where it is declared; it is translated where it is shown."""
    return text


@cache
def translations(language: str) -> Translations:
    """The texts of one language."""
    found = Translations()
    for source in sorted((LOCALE / language / "LC_MESSAGES").glob("*.po")):
        compiled = io.BytesIO()
        with source.open("rb") as lines:
            write_mo(compiled, read_po(lines, locale=language))
        compiled.seek(0)
        part = Translations(compiled, domain=source.stem)
        # Translations.add would try to merge with a fallback; merge keeps one flat catalogue, plural rule included.
        found.merge(part)
        found.plural = part.plural
    return found


def decimal(value: float, language: str, places: int = 1) -> str:
    """A number with a fixed number of decimals, grouped and pointed as the language does."""
    return format_decimal(value, format="#,##0" + ("." + "0" * places if places else ""), locale=language)


def typeset(text: str, language: str) -> str:
    """``text`` with the spaces of French that no line may be broken at.

    >>> typeset("Finalité : veiller ; dire", "fr") == "Finalité\\u00a0: veiller\\u202f; dire"
    True
    """
    return re.sub(r" ([;!?])", "\u202f\\1", re.sub(r" ([:»])|(?<=«) ", "\u00a0\\1", text)) if language == "fr" else text


def languages_accepted(header: str) -> tuple[str, ...]:
    """Languages of ours in an ``Accept-Language`` header, in the order given there (weights are rarely out of order).

    >>> languages_accepted("de-DE,en-GB;q=0.8,fr;q=0.5")
    ('en', 'fr')
    """
    offered = (part.split(";")[0].strip().lower().split("-")[0] for part in header.split(","))
    return tuple(dict.fromkeys(name for name in offered if name in LANGUAGES))

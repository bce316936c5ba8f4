"""Every sentence exists in both languages, typeset by the rules of its own, and no template holds one untranslated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment

from clairvoie.views import words
from clairvoie.views.words import LANGUAGES, LOCALE

VIEWS = Path(words.__file__).parent
TEMPLATES = sorted(path for path in (VIEWS / "templates").rglob("*.html") if path.name != "reference.html")
"""All but the reference of the API, which is written for programmers, in English."""
UNITS_AND_NAMES = {"s", "ms", "m", "dB", "LAeq", "LAFmax", "Lden", "Hz", "kHz", "CSV", "English", "Français", "L"}
"""Text that is the same in every language, and the names of the languages, each in its own."""
SHOWN_ATTRIBUTES = {"title", "aria-label", "placeholder", "alt", "aria-description", "aria-valuetext"}


def texts_of(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple | list) else (message.string,)


def key_of(identifier: str | tuple[str, ...] | list[str]) -> str:
    return identifier if isinstance(identifier, str) else identifier[0]


def messages(language: str) -> Iterator[Message]:
    for source in sorted((LOCALE / language / "LC_MESSAGES").glob("*.po")):
        with source.open("rb") as lines:
            yield from (message for message in read_po(lines, locale=language) if message.id)


def extracted() -> set[str]:
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"trimmed": "true"}}
    keywords = {"_": None, "mark": None, "gettext": None, "ngettext": (1, 2)}
    return {key_of(found[2]) for found in extract_from_dir(VIEWS, methods, options, keywords)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_a_text(language: str) -> None:
    known = {key_of(message.id): texts_of(message) for message in messages(language) if not message.fuzzy}
    asked = extracted()
    assert len(asked) > 150, "the extraction finds no sentences"
    assert sorted(key for key in asked if not known.get(key) or not all(known[key])) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_for_values_are_the_same_in_every_language(language: str) -> None:
    places = re.compile(r"%\(\w+\)[0-9]*[sd]")
    wrong = []
    for message in messages(language):
        asked = set(places.findall(" ".join(message.id) if isinstance(message.id, tuple | list) else message.id))
        for text in texts_of(message):
            if not set(places.findall(text)) <= asked or (
                len(texts_of(message)) == 1 and set(places.findall(text)) != asked
            ):
                wrong.append((message.id, text))
    assert wrong == []


def test_french_is_typeset_as_french() -> None:
    faults = {
        "an ordinary space before a high point": re.compile(r" [;:!?»]|« "),
        "a straight apostrophe": re.compile(r"\w'\w"),
        "English quotation marks": re.compile(r"[“”\"]"),
        "an ordinary space before a unit": re.compile(r"(\d|\)[sd]) (dB|%%|kHz|Hz)"),
        "a word that the desk does not use": re.compile(r"levée de doute|capteur|cible|menace|suspect", re.IGNORECASE),
    }  # fmt: skip
    wrong = [
        (fault, text)
        for message in messages("fr")
        for text in texts_of(message)
        for fault, pattern in faults.items()
        if pattern.search(text)
    ]
    assert wrong == []


class Shown(HTMLParser):
    """Collects what a person would read or hear: text and the attributes that are shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("script", "style")
        self.found += [value or "" for name, value in attrs if name in SHOWN_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found.append(data)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_untranslated_words(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    source = re.sub(r"\{% block layout %\}\w+\{% endblock %\}", "", source)  # the name of a class, not shown
    literal = "".join(text if kind == "data" else " " for _, kind, text in Environment().lex(source))
    reader = Shown()
    reader.feed(literal)
    found = {word for text in reader.found for word in re.findall(r"[^\W\d_]+", text)}
    assert found - UNITS_AND_NAMES == set()


@pytest.mark.parametrize("script", sorted((VIEWS / "static").glob("*.js")), ids=lambda path: path.name)
def test_no_script_words_anything(script: Path) -> None:
    source = re.sub(r"//.*", "", script.read_text(encoding="utf-8"))
    strings = re.findall(r"\"([^\"]*)\"|'([^']*)'", source)
    sentences = [a or b for a, b in strings if re.match(r"[A-ZÀ-Ý][a-zà-ÿ]+ [a-zà-ÿ]+", a or b)]
    assert sentences == []

"""Write the tables of ``docs/leak.md`` from the figures of one whole run of the leak audit.

    clairvoie lab leak --data ../shared/data --json > docs/leak.json
    python tools/leak_tables.py docs/leak.md

``tests/test_docs.py`` fails when the page no longer says what ``docs/leak.json`` says.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from clairvoie.lab.leak_results import VERSION, Audit, Interval, ListAttack, Row

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "leak.json"
SIZES = (2, 6, 20, 40, 100)
ALL = "all measures"
CORPORA = {
    "digits": "people, three digits",
    "en": "synthetic English",
    "fr": "synthetic French",
    "en, whole minutes": "synthetic English, a whole minute",
    "recorded": "people, recorded sentences",
}
VOICES = {"same voice": "the talker's own", "other voices": "one other", "the same sound": "**the very sound**"}
METHODS = {
    "plain sound": "the sound itself (control)",
    "thirds: Griffin-Lim": "thirds every 125 ms, Griffin-Lim",
    "released: noise": "**all that is released**, as noise",
    "nothing: speech-like noise": "noise, without any sensor (floor)",
}
MATERIALS = ("thirds every 125 ms", f"released: {ALL}")


def lists(found: Audit) -> Iterator[str]:
    """The attack with a list, everything released."""
    yield "| who | where | candidates' voice | " + " | ".join(f"of {size}" for size in SIZES) + " | bits |"
    yield "|---" * (4 + len(SIZES)) + "|"
    chances = " | ".join(f"{100 / size:.3g} %" for size in SIZES)
    yield f"| *guessing* | | | {chances} | 0 |"
    for attack in found.lists:
        if attack.setting == ALL:
            by_size = {guess.size: share(guess.found) for guess in attack.by_size}
            cells = " | ".join(by_size.get(size, "–") for size in SIZES)
            bits = f"{plain(attack.bits, 1)} of {_log2(attack)}"
            yield f"| {_who(attack.corpus)} | {attack.background} | {VOICES[attack.voice]} | {cells} | {bits} |"


def settings(found: Audit) -> Iterator[str]:
    """What less would tell: people's digits in quiet, the same voice."""
    sizes = [a for a in found.lists if (a.corpus, a.background, a.voice) == ("digits", "quiet", "same voice")]
    yield "| released | right of 20 | bits | words wrong, synthetic | speaker, synthetic | speaker, people |"
    yield "|---|---|---|---|---|---|"
    for attack in sizes:
        material = f"released: {attack.setting}"
        (guess,) = [one for one in attack.by_size if one.size == 20]
        cells = (share(guess.found), plain(attack.bits, 1), _words(found, "en", material))
        speakers = (_speaker(found, "en", material), _speaker(found, "digits", material))
        yield f"| {attack.setting} | " + " | ".join((*cells, *speakers)) + " |"


def rebuilt(found: Audit) -> Iterator[str]:
    """What was rebuilt and given to measures of intelligibility and to a recogniser."""
    yield "| made from | who | where | sentences | STOI | ESTOI | words wrong |"
    yield "|---|---|---|---|---|---|---|"
    for method, words in METHODS.items():
        for row in found.rows:
            if row.method == method:
                yield _rebuilt(words, row)


def _rebuilt(words: str, row: Row) -> str:
    wrong = "–" if row.word_errors is None else share(row.word_errors)
    cells = (plain(row.stoi), plain(row.estoi), wrong)
    return f"| {words} | {_who(row.corpus)} | {row.background} | {row.count} | " + " | ".join(cells) + " |"


def words(found: Audit) -> Iterator[str]:
    """Words told from values."""
    yield "| who | where | sentences | thirds every 125 ms (control) | all that is released |"
    yield "|---|---|---|---|---|"
    for corpus, background in _places((r.corpus, r.background) for r in found.readings):
        rows = {r.material: r for r in found.readings if (r.corpus, r.background) == (corpus, background)}
        cells = " | ".join(share(rows[material].word_errors) for material in MATERIALS)
        yield f"| {_who(corpus)} | {background} | {rows[MATERIALS[0]].sentences} | {cells} |"


def speakers(found: Audit) -> Iterator[str]:
    """Who talked."""
    yield "| who | where | speakers, sentences | plain sound (control) | thirds every 125 ms | all that is released |"
    yield "|---|---|---|---|---|---|"
    for corpus, background in _places((s.corpus, s.background) for s in found.speakers):
        rows = {s.material: s for s in found.speakers if (s.corpus, s.background) == (corpus, background)}
        cells = [share(rows[m].equal_error_rate) if m in rows else "–" for m in ("plain sound", *MATERIALS)]
        one = next(iter(rows.values()))
        yield f"| {_who(corpus)} | {background} | {one.speakers}, {one.count} | " + " | ".join(cells) + " |"


def talking(found: Audit) -> Iterator[str]:
    """Was somebody talking."""
    yield "| talk over the street | minutes | by minute | by ten seconds |"
    yield "|---|---|---|---|"
    for talk in found.talking:
        cells = f"{plain(talk.by_minute)} | {plain(talk.by_ten_seconds)}"
        yield f"| {talk.over_street:+d} dB | {talk.minutes} | {cells} |"


def versions(found: Audit) -> Iterator[str]:
    """With what it was measured."""
    made = ", ".join(f"{name} {version}" for name, version in found.made_with.items())
    yield f"Seed {found.seed}; {found.sentences} sentences rebuilt, {found.candidates} on the list; {made}."


TABLES: dict[str, Callable[[Audit], Iterator[str]]] = {
    made.__name__: made for made in (lists, settings, rebuilt, words, speakers, talking, versions)
}


def share(figure: Interval) -> str:
    """A share with its interval, in per cent."""
    return f"{figure.value:.0%} ({100 * figure.low:.0f}–{100 * figure.high:.0f})".replace("%", " %")


def plain(figure: Interval, digits: int = 2) -> str:
    """A figure with its interval."""
    value, low, high = (_number(x, digits) for x in (figure.value, figure.low, figure.high))
    return f"{value} ({low}–{high})"


def _number(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _log2(attack: ListAttack) -> str:
    return f"{math.log2(attack.candidates):.1f}"


def _who(corpus: str) -> str:
    return CORPORA.get(corpus, corpus)


def _places(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(found))


def _words(found: Audit, corpus: str, material: str) -> str:
    rates = [
        r.word_errors for r in found.readings if (r.corpus, r.background, r.material) == (corpus, "quiet", material)
    ]
    return share(rates[0]) if rates else "–"


def _speaker(found: Audit, corpus: str, material: str) -> str:
    rates = [
        s.equal_error_rate
        for s in found.speakers
        if (s.corpus, s.background, s.material) == (corpus, "quiet", material)
    ]
    return share(rates[0]) if rates else "–"


def replace(page: str, found: Audit) -> str:
    """``page`` with all its tables written anew."""
    for name, made in TABLES.items():
        begin, end = (f"<!-- tools/leak_tables.py: {name} {edge} -->" for edge in ("begins", "ends"))
        if page.count(begin) != 1 or page.count(end) != 1:
            raise SystemExit(f"the page has no place for the table '{name}', or two")
        before, rest = page.split(begin)
        page = "\n".join([f"{before}{begin}", *made(found), f"{end}{rest.split(end)[1]}"])
    return page


def read(path: Path = FIGURES) -> Audit:
    """The figures of a run."""
    found = msgspec.json.decode(path.read_bytes(), type=Audit)
    if found.version != VERSION or found.quick:
        raise SystemExit(f"{path} holds no figures of a whole run, version {VERSION}")
    return found


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(replace(path.read_text(encoding="utf-8"), read()), encoding="utf-8")

"""The figures of the leak audit as text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from clairvoie.lab.leak_results import Audit, Interval, ListAttack

SHOWN_SIZES = (2, 6, 20, 40, 100)


def audit_text(found: Audit) -> str:
    """All tables, the residue first."""
    parts = [_lists(found.lists), _rebuilt(found), _readings(found), _speakers(found), _talking(found)]
    left_out = "\n".join(f"Left out: {why}" for why in found.left_out)
    few = ["A quick run: it shows that all of it runs, and nothing more."] if found.quick else []
    versions = ", ".join(f"{name} {version}" for name, version in found.made_with.items())
    return "\n\n".join([*few, *(part for part in parts if part), left_out, f"Seed {found.seed}; {versions}"])


def _share(figure: Interval) -> str:
    return f"{figure.value:4.0%} ({figure.low:.0%}–{figure.high:.0%})"


def _plain(figure: Interval) -> str:
    return f"{figure.value:5.2f} ({figure.low:.2f}–{figure.high:.2f})"


def _lists(lists: Sequence[ListAttack]) -> str:
    lines = ["Which of a list was said: the right one is named (guessing: one in the list's size)"]
    for (corpus, background, voice), group in groupby(lists, key=lambda a: (a.corpus, a.background, a.voice)):
        for attack in group:
            shares = [guess for guess in attack.by_size if guess.size in SHOWN_SIZES or guess is attack.by_size[-1]]
            words = "  ".join(f"{guess.size}: {guess.found.value:.0%}" for guess in shares)
            last = attack.by_size[-1].found
            lines.append(
                f"{corpus:19} {background:13} {voice:14} {attack.setting:33} {words} "
                f"({last.low:.0%}–{last.high:.0%})  {_plain(attack.bits)} bit"
            )
    return "\n".join(lines) if lists else ""


def _rebuilt(found: Audit) -> str:
    lines = ["Rebuilt sentences, with 95 % intervals (words wrong: a recogniser that knows the lists; guessing 90 %)"]
    for row in found.rows:
        wrong = "–" if row.word_errors is None else _share(row.word_errors)
        lines.append(
            f"{row.corpus:8} {row.background:13} {row.method:41} {row.count:3}  "
            f"STOI {_plain(row.stoi)}  ESTOI {_plain(row.estoi)}  words wrong {wrong}"
        )
    return "\n".join(lines)


def _readings(found: Audit) -> str:
    lines = ["Words told from values, without sound: wrong (guessing 90 %)"]
    lines += [f"{r.corpus:8} {r.background:13} {r.material:43} {_share(r.word_errors)}" for r in found.readings]
    return "\n".join(lines)


def _speakers(found: Audit) -> str:
    lines = ["Was it this speaker: equal error rate (guessing 50 %)"]
    for one in found.speakers:
        rate = _share(one.equal_error_rate)
        lines.append(f"{one.corpus:8} {one.background:13} {one.material:43} {one.speakers:2} speakers {rate}")
    return "\n".join(lines) if found.speakers else ""


def _talking(found: Audit) -> str:
    lines = ["Was somebody talking: area under the curve (guessing 0.5)"]
    for talk in found.talking:
        minute, ten = _plain(talk.by_minute), _plain(talk.by_ten_seconds)
        lines.append(f"talk {talk.over_street:+d} dB over the street: by minute {minute}, by ten seconds {ten}")
    return "\n".join(lines)

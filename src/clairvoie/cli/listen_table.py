"""``listen`` for people: a table of time, what was heard when, and what the recording comes to."""

from __future__ import annotations

from collections import Counter

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from clairvoie.cli import listen_words as words
from clairvoie.cli.hearing import Hearing
from clairvoie.cli.hearing_series import energy_level, greatest_level
from clairvoie.cli.listen_words import number
from clairvoie.detect.sound.emergence import LEAST_AMBIENT_SECONDS, LIMITS, Emergence

MOST_ROWS = 24
MOST_EVENTS = 12
STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400)
BAR_CELLS = 16
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def print_hearing(hearing: Hearing, *, heading: bool, language: str, aside: bool = False) -> None:
    """Print everything that was heard. ``heading`` names the file, where there are several; ``aside`` leaves standard
    output to a table of numbers."""
    console = Console(highlight=False, stderr=aside)
    if heading:
        console.rule(hearing.recording.path.name, align="left")
    console.print(_opening(hearing, language), soft_wrap=True)
    console.print(_table(hearing, language))
    if hearing.detections:
        console.print(_detections(hearing, language))
    else:
        console.print(words.NO_HAZARD.to(language))
    if hearing.events:
        console.print(_events(hearing, language))
    console.print(_closing(hearing, language), soft_wrap=True)
    if hearing.residual:
        for line in emergence_lines(hearing.emergence, language):
            console.print(line, soft_wrap=True)


def clock_words(seconds: float, *, fine: bool = True) -> str:
    """Seconds from the start as a person reads them.

    >>> clock_words(12.34), clock_words(75.0), clock_words(3725.0, fine=False)
    ('12.34 s', '1:15.0', '1:02:05')
    """
    if seconds < 60:
        return f"{seconds:.2f} s" if fine else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds, 1) if fine else round(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    last = f"{rest:04.1f}" if fine else f"{int(rest):02d}"
    return f"{hours}:{minutes:02d}:{last}" if hours else f"{minutes}:{last}"


def reference(hearing: Hearing, language: str) -> str:
    """What levels refer to, in words."""
    if hearing.calibration is None:
        return words.NOT_CALIBRATED.to(language)
    return words.CALIBRATED.to(language, calibration=hearing.calibration)


def described(hearing: Hearing, language: str, *, fine: bool = True) -> list[str]:
    """How long the recording is, at what rate, which channel of it, and when it began."""
    recording = hearing.recording
    parts = [words.AT_RATE.to(language, length=clock_words(hearing.length, fine=fine), rate=recording.rate)]
    if recording.channels > 1:
        parts.append(words.CHANNEL.to(language, number=recording.channel, count=recording.channels))
    if hearing.start is not None:
        parts.append(words.BEGUN.to(language, moment=f"{hearing.start:%Y-%m-%d %H:%M:%S}"))
    return parts


def _opening(hearing: Hearing, language: str) -> str:
    first = ", ".join(described(hearing, language))
    return words.AND_THEN.to(language, first=first, then=reference(hearing, language))


def step_for(length: float, rows: int = MOST_ROWS) -> int:
    """How many seconds one row stands for, so that ``rows`` rows suffice."""
    return next((step for step in STEPS if length / step <= rows), STEPS[-1])


def _table(hearing: Hearing, language: str) -> Table:
    step = step_for(hearing.length)
    series = hearing.levels
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(words.FROM.to(language), justify="right")
    for name in ("LAeq", "LAFmax", "LCpeak"):
        table.add_column(name, justify="right")
    table.add_column("")
    table.add_column(words.HEARD.to(language), overflow="fold")
    usable, overload, laeq, seconds = series.usable, series.overload, series.laeq, series.seconds
    lafmax, lcpeak = series.lafmax, series.lcpeak
    row_of = ((series.t_end - 1e-9) // step).astype(np.int64)
    rows = np.unique(row_of).tolist()
    levels = {n: energy_level(laeq[(row_of == n) & usable], seconds[(row_of == n) & usable]) for n in rows}
    known = [level for level in levels.values() if level is not None]
    low = min(known, default=0.0) - 5
    high = max(max(known, default=0.0), low + 20)
    for n in rows:
        inside = row_of == n
        heard = _heard(hearing, n * step, (n + 1) * step, language)
        if overload[inside].any():
            heard.append(f" {words.OVERLOAD.to(language)}", style="red")
        if not usable[inside].all():
            heard.append(f" {words.GAP.to(language)}", style="red")
        table.add_row(
            clock_words(n * step, fine=False),
            number(levels[n], language),
            number(greatest_level(lafmax[inside]), language),
            number(greatest_level(lcpeak[inside]), language),
            _bar(levels[n], low, high),
            heard,
        )
    return table


def _heard(hearing: Hearing, start: float, end: float, language: str) -> Styled:
    kinds = Counter(heard.kind for heard in hearing.detections if heard.onset < end and heard.offset >= start)
    names = [
        Styled(words.HAZARDS[kind].to(language) + (f" ×{count}" if count > 1 else ""), style="bold")
        for kind, count in kinds.items()
    ]
    best = hearing.sources.best(start, end)[:3]
    return Styled(", ").join([*names, *(Styled(words.SOURCES[source].to(language)) for source, _ in best)])


def _bar(level: float | None, low: float, high: float) -> str:
    if level is None:
        return ""
    eighths = round((level - low) / (high - low) * BAR_CELLS * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _titled(title: str) -> Table:
    return Table(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")


def _detections(hearing: Hearing, language: str) -> Table:
    table = _titled(words.DETECTIONS.to(language))
    names = (words.HAZARD, words.FROM, words.TO, words.CONFIDENCE, words.LEVEL_IN)
    for name in names:
        table.add_column(name.to(language, unit=hearing.unit), justify="left" if name is words.HAZARD else "right")
    for heard in hearing.detections:
        table.add_row(
            words.HAZARDS[heard.kind].to(language),
            clock_words(heard.onset),
            clock_words(heard.offset) if heard.offset > heard.onset else "",
            words.RULE.to(language) if heard.confidence is None else number(heard.confidence, language, 2),
            number(heard.level, language),
        )
    return table


def _events(hearing: Hearing, language: str) -> Table:
    table = _titled(words.EVENTS.to(language))
    for name in (words.SOURCE, words.START, words.DURATION):
        table.add_column(name.to(language), justify="left" if name is words.SOURCE else "right")
    for title in ("SEL", "LAFmax"):
        table.add_column(title, justify="right")
    loudest = sorted(sorted(hearing.events, key=lambda event: -event.sel)[:MOST_EVENTS], key=lambda event: event.start)
    for event in loudest:
        table.add_row(
            words.UNKNOWN.to(language) if event.source is None else words.SOURCES[event.source].to(language),
            clock_words(event.start),
            f"{number(event.duration, language)} s",
            number(event.sel, language),
            number(event.lafmax, language),
        )
    if len(hearing.events) > len(loudest):
        table.caption = words.MORE.to(language, count=len(hearing.events) - len(loudest))
        table.caption_justify = "left"
    return table


def _closing(hearing: Hearing, language: str) -> str:
    found, totals, day = hearing.indicators(), hearing.totals, hearing.day()
    shown = [("LAeq", found.laeq), ("LCeq", found.lceq), ("LAFmax", found.lafmax), ("LCpeak", found.lcpeak)]
    shown += [(f"L{percentile}", found.percentiles[percentile]) for percentile in (10, 50, 90)]
    shown.append(("SEL", totals.sel))
    if day is not None:
        shown += [("Lden", day.lden), ("Lnight", day.lnight)]
    text = "  ".join(f"{name} {number(value, language)}" for name, value in shown) + f" {hearing.unit}"
    others = [event_words(len(hearing.events), language)]
    if totals.intermittency is not None:
        others.append(words.INTERMITTENCY.to(language, value=totals.intermittency))
    if (index := hearing.harmonica()) is not None:
        others.append(f"Harmonica {number(index, language)}")
    text += "\n" + ", ".join(others)
    sources = ", ".join(
        f"{words.SOURCES[source].to(language)} ({number(score, language, 2)})"
        for source, score in hearing.best_sources()
    )
    return text + (f"\n{words.NOISE_SOURCES.to(language, sources=sources)}" if sources else "")


def event_words(count: int, language: str) -> str:
    """How many noise events there were."""
    chosen = {0: words.NO_EVENT, 1: words.ONE_EVENT}.get(count, words.EVENT_COUNT)
    return chosen.to(language, count=count)


def emergence_lines(found: Emergence | None, language: str) -> list[str]:
    """The emergence with its limits, and all that has to be said with it."""
    if found is None:
        return [words.NO_EMERGENCE.to(language), words.NO_FINDING.to(language)]
    lines = [
        words.EMERGENCE.to(
            language,
            difference=number(found.difference, language),
            ambient=number(found.ambient.laeq, language),
            ambient_time=clock_words(found.ambient.seconds, fine=False),
            residual=number(found.residual.laeq, language),
            residual_time=clock_words(found.residual.seconds, fine=False),
        )
    ]
    for limit in found.limits:
        lines.append(
            words.LIMIT.to(
                language,
                period=words.PERIODS[limit.period.value].to(language),
                limit=limit.decibels,
                base=LIMITS[limit.period],
                term=found.term,
                duration=clock_words(found.duration, fine=False),
                verdict=(words.EXCEEDED if limit.exceeded else words.KEPT).to(language),
            )
        )
    if found.octaves:
        shown = ", ".join(
            words.OCTAVE.to(
                language,
                octave=one.octave,
                difference=number(one.difference, language),
                limit=one.limit,
                mark=f", {words.EXCEEDED.to(language)}" if one.exceeded else "",
            )
            for one in found.octaves
        )
        lines.append(words.OCTAVES.to(language, octaves=shown))
    return lines + _reservations(found, language)


def _reservations(found: Emergence, language: str) -> list[str]:
    reservations = []
    if found.sought_inside is None:
        reservations.append(words.THRESHOLDS_UNKNOWN)
    elif not found.sought_inside:
        reservations.append(words.NOT_SOUGHT_INSIDE)
    if found.sought_elsewhere is False:
        reservations.append(words.NOT_SOUGHT)
    if found.ambient.seconds < LEAST_AMBIENT_SECONDS:
        reservations.append(words.SHORT_AMBIENT)
    if found.duration == found.ambient.seconds and found.term:
        reservations.append(words.TERM_FLATTERS)
    return [text.to(language) for text in (*reservations, words.NO_FINDING)]

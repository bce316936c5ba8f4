"""``listen`` for people: a table of time, what was heard when, and what the recording comes to."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clairvoie.cli.hearing import Hearing
from clairvoie.detect.sound.indicators import energy_mean, greatest
from clairvoie.detect.sound.levels import SecondLevels

MOST_ROWS = 24
STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400)
BAR_CELLS = 16
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def print_hearing(hearing: Hearing, *, heading: bool) -> None:
    """Print everything that was heard. ``heading`` names the file, where there are several."""
    console = Console(highlight=False)
    if heading:
        console.rule(hearing.recording.path.name, align="left")
    console.print(_opening(hearing), soft_wrap=True)
    console.print(_table(hearing))
    if hearing.detections:
        console.print(_detections(hearing))
    else:
        console.print("No hazard was detected.")
    console.print(_closing(hearing), soft_wrap=True)


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


def _opening(hearing: Hearing) -> str:
    return f"{clock_words(hearing.length)} at {hearing.recording.rate} Hz{hearing.channel_words}; {hearing.reference}"


def step_for(length: float, rows: int = MOST_ROWS) -> int:
    """How many seconds one row stands for, so that ``rows`` rows suffice."""
    return next((step for step in STEPS if length / step <= rows), STEPS[-1])


def _table(hearing: Hearing) -> Table:
    step = step_for(hearing.length)
    rows: dict[int, list[SecondLevels]] = {}
    for second in hearing.seconds:
        rows.setdefault(int((second.t_end - 1e-9) // step), []).append(second)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("from", justify="right")
    for name in ("LAeq", "LAFmax", "LCpeak"):
        table.add_column(name, justify="right")
    table.add_column("")
    table.add_column("heard", overflow="fold")
    levels = {n: energy_mean((s.laeq, s.seconds) for s in seconds if s.usable) for n, seconds in rows.items()}
    known = [level for level in levels.values() if level is not None]
    low = min(known, default=0.0) - 5
    high = max(max(known, default=0.0), low + 20)
    for number, seconds in rows.items():
        start, end = number * step, (number + 1) * step
        table.add_row(
            clock_words(start, fine=False),
            _number(levels[number]),
            _number(greatest(s.lafmax for s in seconds)),
            _number(greatest(s.lcpeak for s in seconds)),
            _bar(levels[number], low, high),
            _heard(hearing, start, end, seconds),
        )
    return table


def _heard(hearing: Hearing, start: float, end: float, seconds: list[SecondLevels]) -> Text:
    text = Text()
    kinds = Counter(heard.kind for heard in hearing.detections if heard.onset < end and heard.offset >= start)
    for kind, count in kinds.items():
        text.append(f"{kind} " if count == 1 else f"{kind} ×{count} ", style="bold")
    best: dict[str, float] = {}
    for named in hearing.sources:
        if start < named.t <= end:
            for source, score in named.top:
                best[source] = max(best.get(source, 0.0), score)
    ordered = sorted(best, key=lambda source: -best[source])[:3]
    text.append(", ".join(ordered))
    if any(s.overload for s in seconds):
        text.append(" overload", style="red")
    if not all(s.usable for s in seconds):
        text.append(" gap", style="red")
    return text


def _bar(level: float | None, low: float, high: float) -> str:
    if level is None:
        return ""
    eighths = round((level - low) / (high - low) * BAR_CELLS * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _detections(hearing: Hearing) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", title="Detections", title_justify="left")
    for name in ("hazard", "from", "to", "confidence", f"level in {hearing.unit}"):
        table.add_column(name, justify="left" if name == "hazard" else "right")
    for heard in hearing.detections:
        table.add_row(
            heard.kind,
            clock_words(heard.onset),
            clock_words(heard.offset) if heard.offset > heard.onset else "",
            "rule" if heard.confidence is None else f"{heard.confidence:.2f}",
            _number(heard.level),
        )
    return table


def _closing(hearing: Hearing) -> str:
    found = hearing.indicators()
    shown = [("LAeq", found.laeq), ("LCeq", found.lceq), ("LAFmax", found.lafmax), ("LCpeak", found.lcpeak)]
    shown += [(f"L{percentile}", found.percentiles[percentile]) for percentile in (10, 50, 90)]
    words = "  ".join(f"{name} {_number(value)}" for name, value in shown)
    sources = ", ".join(f"{source} ({score:.2f})" for source, score in hearing.best_sources())
    return f"{words} {hearing.unit}" + (f"\nNoise sources: {sources}" if sources else "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"

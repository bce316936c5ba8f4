"""How one act differs from the act it replaces: what is widened, what is narrowed, what merely changes.

What cannot be compared exactly is called wider, never narrower: a test holds over generated acts that where
:func:`narrowing` finds nothing widened, :func:`~clairvoie.boundary.authorisation.permits` permits nothing more.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from clairvoie.boundary.authorisation import Authorisation, RecipientKind
from clairvoie.boundary.hours import Hours, minute_of_day
from clairvoie.oversight.authorisations import duration, recipient
from clairvoie.oversight.wording import FIELDS, HAZARDS, OBSERVATIONS, Text, hours, moment

WEEK = 7 * 1440
SLIVER = 1e-12
"""Square degrees, a few square centimetres: below it, rounding may have moved a border."""


class Effect(StrEnum):
    """What a difference does to what is permitted."""

    WIDENS = "widens"
    NARROWS = "narrows"
    CHANGES = "changes"


class Difference(NamedTuple):
    """``dimension`` is a field of :class:`Authorisation`; ``what`` says the difference in both languages."""

    dimension: str
    effect: Effect
    what: Text


ADDED = Text("{dimension}, added: {what}", "{dimension}, ajouté : {what}")
REMOVED = Text("{dimension}, removed: {what}", "{dimension}, retiré : {what}")
BECAME = Text("{dimension}: {old} becomes {new}", "{dimension} : {old} devient {new}")
DIMENSIONS = {
    "hazards": Text("Hazards", "Dangers"),
    "observations": Text("Measurements", "Mesures"),
    "sensors": Text("Sensors", "Capteurs"),
    "models": Text("Recognisers", "Modèles de reconnaissance"),
    "recipients": Text("Recipients", "Destinataires"),
    "polygon": Text("Place", "Lieu"),
    "hours": Text("Hours", "Heures"),
    "time_zone": Text("Time zone", "Fuseau horaire"),
    "starts": Text("Start", "Début"),
    "ends": Text("End", "Fin"),
    "retention": Text("Retention, days", "Conservation, jours"),
    "lease_seconds": Text("Lease", "Bail"),
    "exercise": Text("Exercise", "Exercice"),
    "authority": Text("Authority", "Autorité"),
    "purpose": Text("Purpose", "Finalité"),
    "legal_texts": Text("Legal texts", "Textes"),
    "impact_assessment": Text("Impact assessment", "Analyse d’impact"),
    "contact": Text("Contact", "Contact"),
}
ANY = Text("any", "n’importe lequel")
GROUND = Text("ground", "terrain")


def narrowing(old: Authorisation, new: Authorisation) -> tuple[Difference, ...]:
    """Every difference of ``new`` from ``old``, widenings first."""
    found = [
        *_sets(old, new),
        *_recipients(old, new),
        *_ground(old, new),
        *_times(old, new),
        *_lengths(old, new),
        *_texts(old, new),
    ]
    order = list(Effect)
    return tuple(sorted(found, key=lambda difference: order.index(difference.effect)))


def widens(old: Authorisation, new: Authorisation) -> bool:
    """Whether ``new`` may permit something that ``old`` does not."""
    return any(difference.effect is Effect.WIDENS for difference in narrowing(old, new))


def _two(form: Text, dimension: str, **named: Text | str) -> Text:
    """``form`` filled in both languages."""
    en, fr = (
        form.to(
            language,
            dimension=DIMENSIONS[dimension].to(language),
            **{name: value.to(language) if isinstance(value, Text) else value for name, value in named.items()},
        )
        for language in ("en", "fr")
    )
    return Text(_plain(en), _plain(fr))


def _plain(text: str) -> str:
    """Braces in people's words stay as they are when the text is filled again."""
    return text.replace("{", "{{").replace("}", "}}")


def _sets(old: Authorisation, new: Authorisation) -> list[Difference]:
    words: dict[str, Text] = {str(kind): text for kind, text in (*HAZARDS.items(), *OBSERVATIONS.items())}
    found = []
    for name in ("hazards", "observations", "sensors", "models"):
        before, after = getattr(old, name), getattr(new, name)
        if name == "models" and before != after and not (before and after):  # none named: any may run
            effect = Effect.NARROWS if after else Effect.WIDENS
            said = [Text(*(", ".join(some) or ANY.to(lang) for lang in ("en", "fr"))) for some in (before, after)]
            found.append(_became(name, effect, *said))
            continue
        for form, effect, members in (
            (ADDED, Effect.WIDENS, [x for x in after if x not in before]),
            (REMOVED, Effect.NARROWS, [x for x in before if x not in after]),
        ):
            found += [Difference(name, effect, _two(form, name, what=words.get(x, x))) for x in members]
    return found


def _recipients(old: Authorisation, new: Authorisation) -> list[Difference]:
    before, after = ({one.name: one for one in act.recipients} for act in (old, new))
    found = []
    for name, one in after.items():
        if name not in before:
            said = Text(*(_plain(recipient(one, language)) for language in ("en", "fr")))
            found.append(Difference("recipients", Effect.WIDENS, _two(ADDED, "recipients", what=said)))
            continue
        earlier = before[name]
        for form, effect, fields in (
            (ADDED, Effect.WIDENS, [f for f in one.fields if f not in earlier.fields]),
            (REMOVED, Effect.NARROWS, [f for f in earlier.fields if f not in one.fields]),
        ):
            for told in fields:
                what = Text(*(f"{name}, {FIELDS[told].to(language)}" for language in ("en", "fr")))
                found.append(Difference("recipients", effect, _two(form, "recipients", what=what)))
        if one.kind is not earlier.kind:
            effect = Effect.WIDENS if one.kind is RecipientKind.PERSON else Effect.NARROWS
            found.append(_became("recipients", effect, f"{name}, {earlier.kind}", f"{name}, {one.kind}"))
        if one.purpose != earlier.purpose:
            found.append(_became("recipients", Effect.CHANGES, f"{name}, {earlier.purpose}", f"{name}, {one.purpose}"))
    gone = [name for name in before if name not in after]
    return [*found, *(Difference("recipients", Effect.NARROWS, _two(REMOVED, "recipients", what=n)) for n in gone)]


def _became(dimension: str, effect: Effect, old: Text | str, new: Text | str) -> Difference:
    return Difference(dimension, effect, _two(BECAME, dimension, old=old, new=new))


def _ground(old: Authorisation, new: Authorisation) -> list[Difference]:
    from shapely import Polygon  # it takes a fifth of a second, which `clairvoie --help` need not

    before, after = Polygon(old.polygon), Polygon(new.polygon)
    found = []
    if after.difference(before).area > SLIVER:
        found.append(Difference("polygon", Effect.WIDENS, _two(ADDED, "polygon", what=GROUND)))
    if before.difference(after).area > SLIVER:
        found.append(Difference("polygon", Effect.NARROWS, _two(REMOVED, "polygon", what=GROUND)))
    return found


def minutes_of_week(some: tuple[Hours, ...]) -> frozenset[int]:
    """The minutes of a week, from Monday 00:00, that these hours hold."""
    held: set[int] = set()
    for one in some:
        start, end = minute_of_day(one.start), minute_of_day(one.end)
        length = end - start if start < end else end - start + 1440
        held.update(((day - 1) * 1440 + start + minute) % WEEK for day in one.days for minute in range(length))
    return frozenset(held)


def _times(old: Authorisation, new: Authorisation) -> list[Difference]:
    found = []
    if old.time_zone != new.time_zone:
        found.append(_became("time_zone", Effect.WIDENS, old.time_zone, new.time_zone))
    same = old.hours == new.hours
    before, after = (frozenset() if same else minutes_of_week(act.hours) for act in (old, new))
    said = [Text(*("; ".join(hours(h, lang) for h in act.hours) or "-" for lang in ("en", "fr"))) for act in (old, new)]
    if after - before:
        found.append(_became("hours", Effect.WIDENS, *said))
    elif before - after:
        found.append(_became("hours", Effect.NARROWS, *said))
    for name, earlier_is in (("starts", Effect.WIDENS), ("ends", Effect.NARROWS)):
        one, other = getattr(old, name), getattr(new, name)
        if one != other:
            later_is = Effect.NARROWS if earlier_is is Effect.WIDENS else Effect.WIDENS
            shown = [
                Text(*(moment(at, act.time_zone, lang) for lang in ("en", "fr")))
                for at, act in ((one, old), (other, new))
            ]
            found.append(_became(name, earlier_is if other < one else later_is, *shown))
    return found


def _lengths(old: Authorisation, new: Authorisation) -> list[Difference]:
    found = []
    for name in old.retention.__struct_fields__:
        one, other = getattr(old.retention, name), getattr(new.retention, name)
        if one != other:
            effect = Effect.WIDENS if other > one else Effect.NARROWS
            found.append(_became("retention", effect, f"{name} {one}", f"{name} {other}"))
    one, other = old.lease_seconds, new.lease_seconds
    if one != other:
        shown = [Text(*(duration(seconds, lang) for lang in ("en", "fr"))) for seconds in (one, other)]
        found.append(_became("lease_seconds", Effect.WIDENS if other > one else Effect.NARROWS, *shown))
    return found


def _texts(old: Authorisation, new: Authorisation) -> list[Difference]:
    found = []
    if old.exercise != new.exercise:
        found.append(_became("exercise", Effect.WIDENS, str(old.exercise), str(new.exercise)))
    for name in ("authority", "purpose", "impact_assessment", "contact"):
        if getattr(old, name) != getattr(new, name):
            found.append(_became(name, Effect.CHANGES, getattr(old, name) or "-", getattr(new, name) or "-"))
    for form, texts in (
        (ADDED, [t for t in new.legal_texts if t not in old.legal_texts]),
        (REMOVED, [t for t in old.legal_texts if t not in new.legal_texts]),
    ):
        for one in texts:
            dated = f"{one.title} ({one.date} - {one.until or '…'})"
            found.append(Difference("legal_texts", Effect.CHANGES, _two(form, "legal_texts", what=dated)))
    return found

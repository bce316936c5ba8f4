"""A page: a template with the facts that every page shows, in the language and theme of the person who asks.

``page.render(request, "name.html", fact=…)`` is all that a route needs. Templates find ``strip``, ``deployment``,
``name`` (the signature), ``token``, ``language``, ``theme`` and ``here`` (the path) set, and these filters, each of
which takes POSIX seconds or a number and gives text or safe markup: ``time``, ``tenths``, ``clock``, ``day``,
``moment``, ``deadline``, ``age``, ``decimal``, ``term``, ``confidence``, ``near``, ``typeset``.

No page asks another host for anything; the policy in :data:`SECURITY_HEADERS` makes a browser enforce that.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from babel.dates import format_date
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from clairvoie.boundary.confinement import Confinement
from clairvoie.boundary.incident import Incident, TransitionKind
from clairvoie.boundary.person import CallerKind, Power
from clairvoie.views import guard, person
from clairvoie.views.caller import current
from clairvoie.views.clock import SiteClock
from clairvoie.views.disclosing import DisclosingDesk
from clairvoie.views.terms import term
from clairvoie.views.terms_of_the_door import LOCKS
from clairvoie.views.wording import Wording
from clairvoie.views.words import LANGUAGES, decimal, translations, typeset
from clairvoie.views.words import mark as _

HERE = Path(__file__).parent
SECURITY_HEADERS = guard.HEADERS | {"Cache-Control": "no-store"}
REGIONS = {"fr": "fr_FR", "en": "en_GB"}
"""Whose habits dates follow: day before month in both."""
CONFIDENCE_WORDS = ((0.8, _("high")), (0.5, _("fair")), (0.0, _("low")))
"""How a share of 0 to 1 is called: the word is for speed, the number beside it for truth."""

REFUSALS = {
    "not-permitted": _("Your account may not do that. Ask somebody whose role it is."),
    "not-disclosed": _(
        "The authorisation that counts does not let any incident be told to you: it does not list the recipient for "
        "whom you act, or has ended, or is suspended. Nothing else is wrong."
    ),
    "not-you": _("Whoever is signed in signs as themselves. Nothing was changed."),
    "form-token": _("This form did not come from a page of this desk. Open the page again and repeat what you did."),
    "foreign-origin": _("Another site may not act here."),
    "unknown": _("There is no such page."),
    "wrong-method": _("There is no such page."),
    "oversized": _("This form is too large."),
}
"""Why the guard or the desk turned somebody away, in words, by code."""


class Page:
    """Renders pages over one desk."""

    def __init__(self, desk: DisclosingDesk, wording: Wording) -> None:
        self.desk = desk
        self.wording = wording
        self.clock = SiteClock(desk.deployment().time_zone)
        self.environments = {name: environment(name, self.clock) for name in LANGUAGES}

    def language(self, request: Request) -> str:
        """The language in which this request is answered."""
        return person.language_of(request, self.desk.deployment().language)

    def shown(self, request: Request) -> Shown:
        """How values are shown to this person, for what is not a template."""
        return Shown(self.language(request), self.clock)

    def words(self, request: Request, key: str, **values: object) -> str:
        """One sentence in the language of the request."""
        text = translations(self.language(request)).gettext(key)
        return text % values if values else text

    def render(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
        """The template as a response, with what every page shows."""
        token, caller = person.token_of(request), current()
        common: dict[str, Any] = {
            "deployment": self.desk.deployment(),
            "strip": self.desk.strip(),
            "caller": caller,
            "may": {power.value.replace("-", "_"): caller.may(power) for power in Power},
            "exercising": caller.kind is CallerKind.VISITOR,
            "name": person.name_of(request),
            "theme": person.theme_of(request),
            "token": token,
            "here": request.url.path,
            "again": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "languages": LANGUAGES,
            "home": home_of(caller.may, bool(caller.recipient) or caller.kind is CallerKind.VISITOR),
        }
        text = self.environments[self.language(request)].get_template(template).render(common | facts)
        response = HTMLResponse(text, status_code=status, headers=SECURITY_HEADERS)
        if not caller.session and token != request.cookies.get(person.TOKEN_COOKIE):
            person.remember(response, request, person.TOKEN_COOKIE, token)
        return response

    def problem(self, request: Request, status: int, text: str) -> HTMLResponse:
        """A page that says what went wrong and what to do."""
        return self.render(request, "problem.html", status=status, problem=text)

    def refused(self, request: Request, status: int, code: str) -> HTMLResponse:
        """A page that says why somebody may not."""
        return self.problem(request, status, self.words(request, REFUSALS.get(code, REFUSALS["not-permitted"])))


def home_of(may: Callable[[Power], bool], told: bool) -> str:
    """Where somebody begins and comes back to: where their role can do something. ``told``: incidents are told to whom
    they act for, or it is an exercise."""
    if may(Power.READ_INCIDENTS) and told:
        return "/"
    ways = ((Power.ADMINISTER, "/accounts"), (Power.READ_ACCESS, "/access"), (Power.APPROVE, "/proposals"))
    figures = "/sensors" if may(Power.READ_FIGURES) else "/"
    return next((path for power, path in ways if may(power)), figures)


def page_of(request: Request) -> Page:
    """The page renderer that :func:`clairvoie.views.site.mount` left in the application."""
    page: Page = request.app.state.page
    return page


ThePage = Annotated[Page, Depends(page_of)]


def environment(language: str, clock: SiteClock) -> Environment:
    """Templates in one language: escaping on, a missing fact is an error rather than a gap."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found = translations(language)
    templates.install_gettext_translations(found, newstyle=True)  # type: ignore[attr-defined]
    templates.globals["language"] = language
    templates.filters.update(Shown(language, clock).filters())
    return templates


class Shown:
    """How values are shown in one language at one site."""

    def __init__(self, language: str, clock: SiteClock) -> None:
        self.language = language
        self.region = REGIONS[language]
        self.clock = clock
        self.texts = translations(language)

    def filters(self) -> dict[str, Any]:
        """Filters for the templates, by name."""
        names = (
            *("time", "tenths", "clock_minute", "day", "moment", "short_moment", "deadline", "age", "silence"),
            *("decimal", "term", "confidence", "closed_by", "near", "typeset", "unconfined", "locks_missing"),
        )
        return {name: getattr(self, name) for name in names}

    def _stamp(self, at: float, shown: str) -> Markup:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            self.clock.iso(at), f"{self.day(at)}, {self.clock.offset(at)}", shown
        )

    def time(self, at: float) -> Markup:
        """Local time with seconds; date and offset on hover."""
        return self._stamp(at, self.clock.time(at))

    def tenths(self, at: float) -> Markup:
        """Local time with tenths of a second."""
        text = self.clock.time(at, tenths=True)
        return self._stamp(at, text.replace(".", ",") if self.language == "fr" else text)

    def clock_minute(self, at: float) -> Markup:
        """Local time without seconds."""
        return self._stamp(at, self.clock.time(at, seconds=False))

    def day(self, at: float) -> str:
        """The local date in words."""
        return format_date(self.clock.date(at), format="long", locale=self.region)

    def moment(self, at: float) -> Markup:
        """Local date and time."""
        return self._stamp(at, f"{self.day(at)}, {self.clock.time(at)}")

    def short_moment(self, at: float) -> Markup:
        """Local date in short and time to the minute, for tables."""
        day = format_date(self.clock.date(at), format="d MMM", locale=self.region)
        return self._stamp(at, f"{day}, {self.clock.time(at, seconds=False)}")

    def deadline(self, at: float, now: float) -> Markup:
        """An end, as exactly as it matters: its time within two days, its year when that is another one."""
        if abs(at - now) < 2 * 86_400:
            return self.short_moment(at)
        year = self.clock.date(at).year != self.clock.date(now).year
        day = format_date(self.clock.date(at), format="d MMM y" if year else "d MMM", locale=self.region)
        return self._stamp(at, day)

    def age(self, at: float, now: float) -> str:
        """How long ago, in the unit that a person would use."""
        seconds = max(0, int(now - at))
        if seconds < 60:
            return self.texts.ngettext("%(num)d second", "%(num)d seconds", seconds) % {"num": seconds}
        if seconds < 3600:
            return self.texts.ngettext("%(num)d minute", "%(num)d minutes", seconds // 60) % {"num": seconds // 60}
        if seconds < 2 * 86_400:
            hours, minutes = seconds // 3600, seconds % 3600 // 60
            return self.texts.gettext("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": minutes}
        return self.texts.ngettext("%(num)d day", "%(num)d days", seconds // 86_400) % {"num": seconds // 86_400}

    def silence(self, last_heard: float | None, now: float) -> str:
        """How long a silent sensor has been so."""
        if last_heard is None:
            return self.texts.gettext("never heard")
        return self.texts.gettext("silent for %(age)s") % {"age": self.age(last_heard, now)}

    def decimal(self, value: float | None, places: int = 1) -> str:
        """A number as the language writes it; a dash where there is none."""
        return "–" if value is None else decimal(value, self.language, places)

    def closed_by(self, incident: Incident) -> str:
        """Who closed an incident, or empty."""
        return next((line.who for line in reversed(incident.history) if line.kind is TransitionKind.CLOSED), "")

    def near(self, words: str) -> str:
        """Where an incident is, in the words of the sensor that heard it loudest: near it, not there."""
        return self.texts.gettext(_("Near %(place)s")) % {"place": words} if words else ""

    def unconfined(self, confinement: Confinement | None) -> str:
        """That something of the sandbox is not enforced, in short; empty when all of it is."""
        if confinement is None:
            return self.texts.gettext(_("confinement not known"))
        return self.texts.gettext(_("confinement incomplete")) if confinement.missing else ""

    def locks_missing(self, confinement: Confinement | None) -> str:
        """The same with the locks that do not hold."""
        if confinement is None or not confinement.missing:
            return self.unconfined(confinement)
        quoted = self.texts.gettext(_("“%(lock)s”"))
        names = ", ".join(quoted % {"lock": self.texts.gettext(LOCKS[lock])} for lock in confinement.missing)
        return self.texts.gettext(_("confinement incomplete, not enforced: %(locks)s")) % {"locks": names}

    def typeset(self, text: str) -> str:
        """A sentence that was worded elsewhere, with this language's spaces."""
        return typeset(text, self.language)

    def term(self, value: StrEnum) -> Markup:
        """The name of a member of a closed list."""
        return escape(self.texts.gettext(term(value)))

    def confidence(self, share: float | None) -> str:
        """Word and number: ``high, 0.86``."""
        if share is None:
            return "–"
        word = next(word for least, word in CONFIDENCE_WORDS if share >= least)
        return f"{self.texts.gettext(word)}, {decimal(share, self.language, 2)}"

"""One question after another, on a terminal or from a pipe. Understanding is :mod:`clairvoie.oversight.drafting`'s."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable

from rich.console import Console
from rich.padding import Padding

from clairvoie.cli.authorise_words import EXAMPLE, EXPECTED, KEEP, NO, REQUIRED, WORDS_TYPED, YES
from clairvoie.errors import InvalidValue
from clairvoie.oversight.answers import yes
from clairvoie.oversight.drafting import QUESTIONS, Answers, default_of, understood
from clairvoie.oversight.questions import Group, Question


class TalkEnded(Exception):
    """The answers ended, or the person stopped, before this question was answered."""


class Talk:
    """A talk in one language. On a terminal what is not understood is asked again; from a pipe it is an error, because
    the next line answers the next question."""

    def __init__(self, console: Console, language: str, *, prepare: Callable[[Question, str], str]) -> None:
        self.console = console
        self.language = language
        self.prepare = prepare
        self.person = sys.stdin.isatty()
        self.answers: Answers = {}

    def say(self, text: str, style: str = "") -> None:
        """``text`` as it is, wrapped."""
        self.console.print(text, style=style or None, markup=False, highlight=False)

    def aside(self, text: str) -> None:
        """An explanation, indented and quiet."""
        from rich.text import Text as Styled

        self.console.print(Padding(Styled(text, style="dim"), (0, 0, 0, 2)))

    def hold(self, before: Answers, today: datetime.date) -> Answers:
        """The whole talk; ``before`` are answers of an earlier one, offered again."""
        self.answers = {}
        for number, one in enumerate(QUESTIONS, start=1):
            self.say("")
            if isinstance(one, Group):
                self.aside(one.why.to(self.language))
                self.answers[one.key] = self._group(one, before.get(one.key, []), today)
            else:
                self._ask(one, f"{number}/{len(QUESTIONS)} ", self.answers, before, today)
        return self.answers

    def _group(self, group: Group, before: list[Answers], today: datetime.date) -> list[Answers]:
        kept = []
        for earlier in before:
            shown = next(iter(earlier.values()))
            if self.agreed(KEEP.to(self.language, what=shown), default=True):
                kept.append(earlier)
        while len(kept) < group.least or self.agreed(group.another.to(self.language), default=False):
            one: Answers = {}
            for question in group.questions:
                self._ask(question, "", one, {}, today)
            kept.append(one)
        return kept

    def agreed(self, text: str, *, default: bool) -> bool:
        """A question of yes or no."""
        word = (YES if default else NO).to(self.language)
        while True:
            given = self.line(f"{text} [{word}] ").strip()
            if not given:
                return default
            try:
                return yes(given)
            except InvalidValue:
                if not self.person:
                    raise

    def _ask(self, question: Question, number: str, answers: Answers, before: Answers, today: datetime.date) -> None:
        self.say(f"{number}{question.ask.to(self.language)}", "bold")
        self.aside(question.why.to(self.language))
        for index, (_, words) in enumerate(question.choices, start=1):
            self.aside(f"{index:2}  {words.to(self.language)}")
        if question.example:
            self.aside(EXAMPLE.to(self.language, example=self._shown(question.example)))
        default = default_of(question, {**answers, **_only(before, question.key)}, today)
        while True:
            given = self.line(f"[{self._shown(default)}] > " if default else "> ").strip() or default
            text = given if given is None else self.prepare(question, given)
            try:
                if text is None:
                    raise InvalidValue("an answer is missing", question.key)
                understood(question, text, {**self.answers, **answers})
            except InvalidValue as error:
                if not self.person:
                    raise InvalidValue(f"{question.key}: {error.what}", error.value, error.remedy) from error
                form = REQUIRED if text is None else EXPECTED
                self.say(form.to(self.language, text=text, expected=question.expected.to(self.language)), "yellow")
                continue
            answers[question.key] = text
            return

    def _shown(self, text: str) -> str:
        """An answer as a person would type it in this language."""
        return WORDS_TYPED[text].to(self.language) if text in WORDS_TYPED else text

    def line(self, prompt: str) -> str:
        """One line of the person's; :class:`TalkEnded` when there is none."""
        try:
            if self.person:
                return input(prompt)
            self.console.out(prompt, end="", highlight=False)
            text = sys.stdin.readline()
            self.say("")
        except (KeyboardInterrupt, EOFError):
            raise TalkEnded from None
        if not text:
            raise TalkEnded
        return text


def _only(answers: Answers, key: str) -> Answers:
    return {key: answers[key]} if key in answers else {}

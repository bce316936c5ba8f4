"""The uplink asks the hub, about once a minute, for a record that the hub acknowledged: is it in the ledger?

The rule is :func:`clairvoie.oversight.inclusion.judge`; here are the question, over the connection that the uplink has
anyway, and the file that keeps what was found (:mod:`clairvoie.oversight.ledger_check`). A fault is said in the log as
an error and stays in the file; a network that fails, or a hub that does not know the question, accuses nobody.

What this is worth: it is a check of the hub by a process that has a network. An uplink that is taken over can say what
it likes about the hub; nothing on the node depends on it.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx

from clairvoie.egress.uplink import Logger
from clairvoie.errors import BoundaryError, MalformedMessage
from clairvoie.node.sample import Sample
from clairvoie.oversight.continuation import LedgerTrust, epoch_of
from clairvoie.oversight.inclusion import Faulty, Included, Missing, OwnRecord, Unanswered, Verdict, judge
from clairvoie.oversight.ledger_check import REMEDIES, LedgerCheck, decode_check, encode_check

PATH = "/api/v1/ledger/inclusion"
ASK_SECONDS = 60.0
"""Between two questions, on average; each time between half and one and a half of it."""
MOST_BYTES = 256 * 1024
"""A longer answer is none of a hub's."""
WORTH_SAYING = 60
"""A fault that goes on is said the first time and then about once an hour."""


class LedgerChecker:
    """Asks ``client``'s hub, believes ``trust``, and keeps what it found in the file ``path``."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        trust: LedgerTrust,
        path: Path,
        log: Logger,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._trust = trust
        self._path = path
        self._log = log
        self._clock = clock
        chance = random.SystemRandom()
        self._chance = chance.random
        self.sample = Sample(chance.randrange)
        self.check = self._read()

    def acknowledged(self, envelopes: Iterable[bytes]) -> None:
        """The hub has just said that it has these records."""
        self.sample.offer(envelopes, self._clock())

    async def run(self) -> None:
        """Ask for ever; only cancellation ends it."""
        while True:
            await asyncio.sleep(ASK_SECONDS * (0.5 + self._chance()))
            await self.ask_once()

    async def ask_once(self) -> Verdict | None:
        """Ask for one record, if one is due, and keep what the answer says of the hub; ``None``: nothing was asked."""
        try:
            record = self.sample.next(self._clock())
        except BoundaryError as error:
            self._log.warning("a record that was sent cannot be read again", why=str(error))
            return None
        if record is None:
            return None
        try:
            status, body = await self._ask(record)
        except httpx.HTTPError as error:
            verdict: Verdict = Unanswered(what=f"{type(error).__name__}: {error}")
        else:
            verdict = judge(self._trust, self.check.kept, record, status, body, self._clock())
        self._settle(record, verdict)
        return verdict

    async def _ask(self, record: OwnRecord) -> tuple[int, bytes]:
        log = self.check.kept.log
        kept = "0/0" if log is None else f"{epoch_of(log.head)}/{log.head.size}"
        asked: dict[str, str | int] = {
            "sensor": record.sensor,
            "epoch": record.epoch,
            "sequence": record.sequence,
            "kept": kept,
        }
        said = b""
        headers = {"accept-encoding": "identity"}
        async with self._client.stream("GET", PATH, params=asked, headers=headers) as response:
            async for part in response.aiter_raw():
                said += part
                if len(said) > MOST_BYTES:
                    return response.status_code, b""
        return response.status_code, said

    def _settle(self, record: OwnRecord, verdict: Verdict) -> None:
        before, now = self.check, self._clock()
        self.check = before.after(self._trust, record, verdict, now)
        if isinstance(verdict, Unanswered):
            self.sample.put_back(record)
        elif isinstance(verdict, Missing):
            self.sample.put_back(verdict.record)
        if isinstance(verdict, Included | Missing) and verdict.began:
            self.sample.forget()
        self._say(record, verdict, before)
        if self.check != before:
            self._write()

    def _say(self, record: OwnRecord, verdict: Verdict, before: LedgerCheck) -> None:
        if isinstance(verdict, Unanswered):
            said = self._log.debug if before.unanswered is not None else self._log.warning
            said("the hub does not say where a record stands in its ledger: asked again", why=verdict.what)
            return
        if isinstance(verdict, Included | Missing) and verdict.began:
            self._log.warning("the hub's ledger began a new epoch, which follows the one before", reason=verdict.began)
        if isinstance(verdict, Faulty):
            count = self.check.faults[verdict.kind].count
            (self._log.error if count % WORTH_SAYING == 1 else self._log.debug)(
                "the hub's ledger is not as it must be",
                fault=verdict.kind.value,
                what=verdict.what,
                sensor=record.sensor,
                epoch=record.epoch,
                sequence=record.sequence,
                times=count,
                kept=str(self._path),
                remedy=REMEDIES[verdict.kind],
            )

    def _read(self) -> LedgerCheck:
        try:
            return decode_check(self._path.read_bytes())
        except FileNotFoundError:
            return LedgerCheck()
        except MalformedMessage as error:
            aside = self._path.with_name(f"{self._path.name}.damaged")
            self._path.replace(aside)
            self._log.error(
                "what was kept of the hub's ledger is damaged: it begins anew", why=str(error), aside=str(aside)
            )
            return LedgerCheck()
        except OSError as error:
            self._log.error("what was kept of the hub's ledger cannot be read: it begins anew", why=str(error))
            return LedgerCheck()

    def _write(self) -> None:
        """All of it or nothing: under another name, on the disk, then renamed."""
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            with new.open("wb") as file:
                file.write(encode_check(self.check))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            self._log.warning("what was found of the hub's ledger cannot be kept now", why=str(error))

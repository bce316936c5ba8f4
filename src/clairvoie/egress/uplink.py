"""The only process of a node that speaks to the hub. It sees signed bytes only and decides nothing about them.

Records leave the outbox in order, up to 500 in one upload, and are forgotten only when the hub says that it has
stored them; a lost answer means sending them again, which the hub recognises. When the hub does not know the node or
its key, everything waits, and the newest record is sent ahead of the oldest: once the hub takes that one, what it still
refuses for such a reason is about single records, and they are set aside. Records of a sensor that the hub does not
know wait by themselves and are offered again every :data:`LONGEST_DELAY` seconds. What nobody allowed is erased.

Live ticks go down one long upload, one a second; they are provisional, never retried, and old ones are thrown away.

Across a network it speaks TLS 1.3 with a certificate of its own and accepts no authority but the one that it was given
(:func:`hub_client`); plain HTTP is for loopback.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Protocol

import httpx

from clairvoie.boundary.signed import MAXIMUM_BATCH_BYTES, MAXIMUM_ENVELOPES, decode_envelope, encode_batch
from clairvoie.egress.answer import Around, Erased, Held, Later, SetAside, Smaller, Stored, Verdict, judge
from clairvoie.egress.outbox import Kept, Outbox, OutboxUnavailable
from clairvoie.errors import EgressError, MalformedMessage

RECORDS_PATH = "/api/v1/records"
LIVE_PATH = "/api/v1/live"
RECORDS_TYPE = "application/vnd.clairvoie.records"
LIVE_TYPE = "application/vnd.clairvoie.live"
LENGTH_BYTES = 4
FIRST_DELAY = 0.2
LONGEST_DELAY = 15.0
LONGEST_LIVE_DELAY = 3.0
IDLE_SECONDS = 1.0
"""How often the outbox is looked at when no tick announces anything new."""
TIMEOUT = httpx.Timeout(10.0)
LIVE_TIMEOUT = httpx.Timeout(10.0, read=None)
BATCH_BYTES = MAXIMUM_BATCH_BYTES // 2


class Logger(Protocol):
    """As much of a structured logger as the uplink uses."""

    def debug(self, event: str, **facts: Any) -> Any: ...  # noqa: D102
    def info(self, event: str, **facts: Any) -> Any: ...  # noqa: D102
    def warning(self, event: str, **facts: Any) -> Any: ...  # noqa: D102
    def error(self, event: str, **facts: Any) -> Any: ...  # noqa: D102


def delay(attempt: int, chance: float, longest: float = LONGEST_DELAY) -> float:
    """Seconds to wait after failure number ``attempt`` (from 1): doubling, capped, and spread by ``chance`` in 0–1.

    >>> [delay(n, 1.0) for n in (1, 2, 3, 20)], delay(1, 0.0)
    ([0.2, 0.4, 0.8, 15.0], 0.1)
    """
    full: float = min(longest, FIRST_DELAY * 2 ** min(attempt - 1, 32))
    return full * (0.5 + 0.5 * chance)


def _worth_saying(attempt: int) -> bool:
    """The first failure and then every tenth: an outage of a week should not fill the disk with its own log."""
    return attempt == 1 or attempt % 10 == 0


class RecordSender:
    """Empties the outbox into the hub. ``acknowledged`` is told the envelopes that the hub says it has stored."""

    def __init__(
        self,
        outbox: Outbox,
        client: httpx.AsyncClient,
        log: Logger,
        acknowledged: Callable[[Iterable[bytes]], None] = lambda _envelopes: None,
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._log = log
        self._acknowledged = acknowledged
        self._batch = MAXIMUM_ENVELOPES
        self._held = False
        self._unknown: dict[str, float] = {}
        self.news = asyncio.Event()

    async def run(self) -> None:
        """Send for ever; only cancellation ends it."""
        failures = 0
        while True:
            try:
                sent = await self.send_once()
            except (httpx.HTTPError, OutboxUnavailable) as error:
                sent = Later(f"{type(error).__name__}: {error}")
            if isinstance(sent, Later | Held):
                failures += 1
                self._say_waiting(sent, failures)
                await asyncio.sleep(delay(failures, random.random()))  # spread, no secret
                continue
            if failures:
                self._log.info("records leave again", after=failures)
            failures = 0
            if sent is None:
                await self._wait_for_news()

    def _say_waiting(self, why: Later | Held, failures: int) -> None:
        if not _worth_saying(failures):
            self._log.debug("records wait", why=why.what, attempt=failures)
        elif isinstance(why, Later):
            self._log.warning("records wait", why=why.what, attempt=failures)
        else:
            self._log.error(
                "the hub does not take this node's records: they wait until its settings are mended",
                code=why.code,
                what=why.what,
                remedy=why.remedy,
                attempt=failures,
            )

    async def send_once(self) -> Verdict | None:
        """Send one batch and settle what the answer says; ``None`` when there was nothing to send."""
        now = asyncio.get_running_loop().time()
        self._unknown = {sensor: until for sensor, until in self._unknown.items() if until > now}
        kept = self._outbox.oldest(self._batch, BATCH_BYTES, without=self._unknown)
        if not kept:
            return None
        if self._held:
            kept = self._newest_first(kept)
        try:
            content = encode_batch(tuple(decode_envelope(record.envelope) for record in kept))
        except MalformedMessage:
            return self._set_aside_unreadable(kept)
        response = await self._client.post(RECORDS_PATH, content=content, headers={"content-type": RECORDS_TYPE})
        verdict = judge(response.status_code, response.content, len(kept))
        self._settle(verdict, kept)
        return verdict

    def _newest_first(self, kept: tuple[Kept, ...]) -> tuple[Kept, ...]:
        newest = self._outbox.newest(without=self._unknown)
        others = tuple(record for record in kept if newest is None or record.id != newest.id)
        return others if newest is None else (newest, *others[: MAXIMUM_ENVELOPES - 1])

    def _settle(self, verdict: Verdict, kept: tuple[Kept, ...]) -> None:
        self._held = isinstance(verdict, Held) or (self._held and not isinstance(verdict, Stored))
        if isinstance(verdict, Stored):
            self._outbox.delete(record.id for record in kept)
            self._acknowledged(record.envelope for record in kept)
            self._batch = min(MAXIMUM_ENVELOPES, self._batch * 2)
        elif isinstance(verdict, SetAside):
            self._outbox.set_aside(kept[verdict.index].id, verdict.code, verdict.what)
            self._log.error("the hub refuses a record for good", code=verdict.code, what=verdict.what)
        elif isinstance(verdict, Erased):
            self._outbox.erase([kept[verdict.index].id])
            self._log.warning("the hub may not have a record: erased", code=verdict.code, what=verdict.what)
        elif isinstance(verdict, Around):
            self._send_around(decode_envelope(kept[verdict.index].envelope).sensor, verdict)
        elif isinstance(verdict, Smaller):
            self._batch = max(1, len(kept) // 2)
            self._log.warning("the hub refuses a batch", code=verdict.code, what=verdict.what, next=self._batch)

    def _send_around(self, sensor: str, why: Around) -> None:
        self._unknown[sensor] = asyncio.get_running_loop().time() + LONGEST_DELAY
        self._log.error(
            "the hub does not know a sensor: its records wait, the others are sent",
            sensor=sensor,
            code=why.code,
            remedy=why.remedy,
        )

    def _set_aside_unreadable(self, kept: tuple[Kept, ...]) -> Verdict:
        """A record that the disk has damaged must not block those after it."""
        for record in kept:
            try:
                decode_envelope(record.envelope)
            except MalformedMessage as error:
                self._outbox.set_aside(record.id, "damaged", str(error))
                self._log.error("a record in the outbox is damaged", id=record.id)
        return Smaller("damaged", "records of the outbox were damaged and set aside")

    async def _wait_for_news(self) -> None:
        self.news.clear()
        try:
            await asyncio.wait_for(self.news.wait(), IDLE_SECONDS)
        except TimeoutError:
            return  # nobody announced anything: look again all the same


class LiveSender:
    """Streams the newest tick to the hub while somebody listens there, and forgets the others."""

    def __init__(self, client: httpx.AsyncClient, log: Logger) -> None:
        self._client = client
        self._log = log
        self._newest: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)

    def offer(self, envelope: bytes) -> None:
        """Take the place of any tick that has not left yet."""
        if self._newest.full():
            self._newest.get_nowait()
        self._newest.put_nowait(envelope)

    async def run(self) -> None:
        """Stream for ever, reconnecting; only cancellation ends it."""
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                response = await self._client.post(
                    LIVE_PATH, content=self._frames(), headers={"content-type": LIVE_TYPE}, timeout=LIVE_TIMEOUT
                )
                why = f"HTTP {response.status_code}"
            except httpx.HTTPError as error:
                why = f"{type(error).__name__}: {error}"
            lasted = asyncio.get_running_loop().time() - began
            failures = 1 if lasted > LONGEST_LIVE_DELAY else failures + 1
            (self._log.warning if _worth_saying(failures) else self._log.debug)(
                "the live stream ended", why=why, attempt=failures
            )
            await asyncio.sleep(delay(failures, random.random(), LONGEST_LIVE_DELAY))

    async def _frames(self) -> AsyncIterator[bytes]:
        while True:
            envelope = await self._newest.get()
            yield len(envelope).to_bytes(LENGTH_BYTES, "big") + envelope


def hub_client(hub: str, certificates: Certificates | None = None) -> httpx.AsyncClient:
    """A client for the hub at the address ``hub``; proxies and credentials of the environment are not used."""
    return httpx.AsyncClient(
        base_url=hub,
        timeout=TIMEOUT,
        trust_env=False,
        follow_redirects=False,
        verify=True if certificates is None else mutual_tls(certificates),
    )


class Certificates(Protocol):
    """PEM files: this node's certificate and key, and the only authority whose certificate a hub may have."""

    @property
    def certificate(self) -> str: ...  # noqa: D102
    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def authority(self) -> str: ...  # noqa: D102


def mutual_tls(files: Certificates) -> ssl.SSLContext:
    """TLS 1.3 with a certificate on both sides. Raises :class:`EgressError` when the files are not usable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies the certificate and the host's name
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(files.authority)
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise EgressError(
            f"the node's TLS files cannot be used ({error})", files.certificate, "Check `tls` in its settings."
        ) from error
    return context

"""For whoever keeps the hub running: is it alive, can it write, and its figures."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool

from clairvoie.boundary.reading import Desk
from clairvoie.hub.hub import Hub

READY_SECONDS = 1.0
"""An answer of ``/readyz`` is good for so long, so that asking often costs no writes."""


def probes(hub: Hub, desk: Desk) -> APIRouter:
    """``/healthz``, ``/readyz``, ``/metrics`` and ``/api/v1/latency`` of ``hub``."""
    router = APIRouter(tags=["operation"])
    writable = remembered(hub.writable)

    @router.get("/healthz", summary="Is the process alive?")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @router.get("/readyz", summary="Can the store be written?", responses={503: {"description": "It cannot"}})
    async def readyz() -> JSONResponse:
        ready = await run_in_threadpool(writable)
        return JSONResponse({"status": "ready" if ready else "not-writable"}, status_code=200 if ready else 503)

    @router.get("/metrics", summary="Figures for Prometheus", response_class=PlainTextResponse)
    def metrics() -> PlainTextResponse:
        strip = desk.strip()
        hub.metrics.sensors_live.set(strip.sensors_live)
        hub.metrics.readers.set(hub.changes.readers)
        hub.metrics.waiting.set(hub.store.writer.waiting)
        missing = strip.oldest_missing_minute
        hub.metrics.outbox_lag.set(0.0 if missing is None else strip.now - missing)
        return PlainTextResponse(hub.metrics.text(), media_type="text/plain; version=0.0.4")

    @router.get("/api/v1/latency", summary="How long things take, in seconds")
    def latency() -> JSONResponse:
        """Nearest-rank quantiles over the last 4096 samples of each way, from the *end of the gate's second* on.

        The gate ticks a quarter of a second later, so every figure that begins at the tick includes that quarter.
        """
        return JSONResponse({"ways": msgspec.to_builtins(hub.latency.figures())})

    return router


def remembered(ask: Callable[[], bool]) -> Callable[[], bool]:
    """``ask``, but at most once in :data:`READY_SECONDS`."""
    last: list[tuple[float, bool]] = []

    def answer() -> bool:
        now = time.monotonic()
        if not last or now - last[0][0] > READY_SECONDS:
            last[:] = [(now, ask())]
        return last[0][1]

    return answer

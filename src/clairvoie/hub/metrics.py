"""The hub in figures for Prometheus, in a registry of its own: nothing of the process or of other libraries.

Whoever reads them is a machine, and no machine is told of what no person has confirmed. So nothing here counts or times
detections or incidents, or the records that hold them; people find such figures on the desk and at ``/api/v1/latency``.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from clairvoie.hub.latency import Way

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters, gauges and histograms of one hub."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.records = Counter("clairvoie_records", "Records stored, those of events left out", registry=registry)
        self.duplicates = Counter("clairvoie_duplicates", "Records that were stored already", registry=registry)
        self.refusals = Counter("clairvoie_refusals", "Uploads and live frames refused", ["code"], registry=registry)
        self.ticks = Counter("clairvoie_live_ticks", "Live ticks taken", registry=registry)
        self.latency = Histogram(
            "clairvoie_latency_seconds",
            "From the end of the gate's second to the live minute; backlog after an outage excluded",
            ["way"],
            buckets=SECONDS,
            registry=registry,
        )
        self.outbox_lag = Gauge(
            "clairvoie_outbox_lag_seconds", "Age of the oldest minute that is due and not stored", registry=registry
        )
        self.sensors_live = Gauge("clairvoie_sensors_live", "Sensors heard of late", registry=registry)
        self.sensors_total = Gauge("clairvoie_sensors", "Sensors enrolled", registry=registry)
        self.readers = Gauge("clairvoie_desk_readers", "Pages that listen for changes", registry=registry)
        self.streams = Gauge("clairvoie_live_streams", "Live streams open", registry=registry)
        self.waiting = Gauge("clairvoie_writer_waiting", "Jobs that wait for the writer", registry=registry)
        self.latency.labels(Way.TICK_TO_LIVE.value)

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)

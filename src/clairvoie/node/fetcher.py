"""The fetcher process of one network source: holds the socket, reconnects, and sends packets down a one-way pipe.

What this process may touch: one address (Landlock allows TCP to its port and, for names, to 53), the writing end of its
pipe, the certificates of the system, the clock. It takes containers apart but loads no decoder and no model; what the
packets hold it does not know. It writes nothing to standard output or standard error, and nothing flows back to it.
PyAV loads the modules of streams when it first meets one, which is too late here, so they are loaded first.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import select
import socket
import sys
from collections.abc import Iterator
from typing import Any

import av
import av.error

from clairvoie.capture.packets import (
    AUDIO_CODECS,
    VIDEO_CODECS,
    Frame,
    Lost,
    Opened,
    Packet,
    StreamParameters,
    encode_frame,
)
from clairvoie.egress import sealing
from clairvoie.errors import CaptureError, ClairvoieError
from clairvoie.node.lifeline import tie_to_parent
from clairvoie.node.orders import AnalyserEnd, FetcherOrders, read_orders

STREAM_MODULES = ("attachments", "audio", "data", "subtitles", "video")
PROTOCOLS = "http,https,httpproxy,tcp,tls,rtp,rtsp,udp"
CONNECT_SECONDS = 10.0
READ_SECONDS = 10.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0


def delay(failures: int) -> float:
    """Seconds before the next attempt, after so many that brought nothing.

    >>> [delay(failures) for failures in (0, 1, 2, 20)]
    [0.5, 1.0, 2.0, 30.0]
    """
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures, 10)))


def fetch(url: str) -> Iterator[Frame]:
    """The frames of one connection to ``url``, the last of them :class:`Lost`; just that when there is none."""
    options = {"protocol_whitelist": PROTOCOLS, "rtsp_transport": "tcp", "rtsp_flags": "prefer_tcp"}
    try:
        with av.open(url, options=options, timeout=(CONNECT_SECONDS, READ_SECONDS)) as container:
            streams = [stream for stream in container.streams if _codec(stream) in AUDIO_CODECS | VIDEO_CODECS]
            yield Opened(streams=tuple(_parameters(stream) for stream in streams[:8]))
            for packet in container.demux(streams[:8]):
                if packet.size:
                    time = None if packet.pts is None else float(packet.pts * packet.time_base)
                    yield Packet(
                        stream=packet.stream.index, time=time, key=bool(packet.is_keyframe), data=bytes(packet)
                    )
    except (av.error.FFmpegError, OSError, ValueError, CaptureError):
        # Whatever ended it, the source is out of reach for now; the analyser hears of that and of nothing else.
        yield Lost()
        return
    yield Lost()


def _codec(stream: Any) -> str:
    return str(stream.codec_context.name) if stream.codec_context is not None else ""


def _parameters(stream: Any) -> StreamParameters:
    context = stream.codec_context
    extradata = bytes(context.extradata or b"")
    if _codec(stream) in AUDIO_CODECS:
        return StreamParameters(
            number=stream.index,
            codec=_codec(stream),
            extradata=extradata,
            rate=int(context.sample_rate),
            channels=int(context.layout.nb_channels),
        )
    return StreamParameters(
        number=stream.index, codec=_codec(stream), extradata=extradata, width=context.width, height=context.height
    )


def fetch_for_ever(orders: FetcherOrders) -> None:
    """Connect again and again, later and later while nothing comes, until the reader or the launcher is gone."""
    failures = 0
    while True:
        failures += 1
        for frame in fetch(orders.url):
            if isinstance(frame, Packet):
                failures = 0
            write_all(orders.packets, encode_frame(frame))
        if gone(orders, delay(failures)):
            return


def write_all(writing: int, data: bytes) -> None:
    """Write all of ``data``, waiting for the reader. Raises ``BrokenPipeError`` when there is none."""
    view = memoryview(data)
    while view:
        view = view[os.write(writing, view) :]


def gone(orders: FetcherOrders, seconds: float) -> bool:
    """Whether the launcher or the reader goes away within so many seconds."""
    poller = select.poll()
    poller.register(orders.control, 0)
    poller.register(orders.packets, 0)
    return bool(poller.poll(seconds * 1000))


def load_everything() -> None:
    """Load what resolving names and meeting a stream of any kind need; the kinds depend on PyAV's version."""
    socket.getaddrinfo("localhost", None)
    for name in STREAM_MODULES:
        if importlib.util.find_spec(f"av.{name}") is not None:
            importlib.import_module(f"av.{name}.stream")


def main() -> AnalyserEnd:
    """Be a fetcher, and end with a code from the closed list."""
    try:
        orders = read_orders(FetcherOrders)
        tie_to_parent(orders.parent)
        load_everything()
        sealing.close_others((orders.packets, orders.control))
        sealing.seal(sealing.FETCHER)
        fetch_for_ever(orders)
    except BrokenPipeError:
        return AnalyserEnd.LAUNCHER_GONE
    except ClairvoieError:
        return AnalyserEnd.FAULT
    return AnalyserEnd.LAUNCHER_GONE


if __name__ == "__main__":
    sys.exit(main())

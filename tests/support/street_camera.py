"""A network camera or microphone on loopback: an HTTP server that streams a recording, and cuts connections short."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np

RATE = 48_000
TYPES = {"wav": "audio/wav", "ogg": "audio/ogg", "mpegts": "video/mp2t"}


def recording(container: str, codec: str, seconds: float, *, video: bool = False) -> bytes:
    """A tone of 1 kHz at half of full scale in that container, with grey pictures beside it if ``video``."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        sound = output.add_stream(codec, rate=RATE, layout="mono")
        pictures = output.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p") if video else None
        size = sound.codec_context.frame_size or 1024
        for start in range(0, round(seconds * RATE), size):
            if pictures is not None and start % (RATE // 25) < size:
                picture = av.VideoFrame.from_ndarray(np.full((96, 64), 128, dtype=np.uint8), format="yuv420p")
                output.mux(pictures.encode(picture))
            wave = 0.5 * np.sin(2 * np.pi * 1000 * (start + np.arange(size)) / RATE)
            frame = av.AudioFrame.from_ndarray((wave * 32_767).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            converted = av.AudioResampler(format=sound.format, layout="mono", rate=RATE).resample(frame)
            for each in converted:
                output.mux(sound.encode(each))
        output.mux(sound.encode(None))
        if pictures is not None:
            output.mux(pictures.encode(None))
    return file.getvalue()


class Camera:
    """``connections`` counts them; connection number ``n`` is cut after ``cuts[n]`` bytes, the others are not."""

    def __init__(self, data: bytes, kind: str, cuts: tuple[int, ...] = ()) -> None:
        self.connections = 0
        self._data = data
        self._kind = kind
        self._cuts = cuts

    @contextmanager
    def serve(self) -> Iterator[str]:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = camera.connections
                camera.connections += 1
                self.send_response(200)
                self.send_header("Content-Type", camera._kind)
                self.end_headers()
                cut = camera._cuts[number] if number < len(camera._cuts) else len(camera._data)
                self.wfile.write(camera._data[:cut])

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/stream"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

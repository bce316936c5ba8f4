"""What comes from a fetcher is not believed: any bytes at all are frames or a named error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clairvoie.capture.packets import (
    LONGEST_FRAME,
    Frame,
    FrameReader,
    Lost,
    Opened,
    Packet,
    StreamParameters,
    encode_frame,
)
from clairvoie.errors import CaptureError

SOUND = StreamParameters(number=0, codec="opus", rate=48_000, channels=2)
PICTURES = StreamParameters(number=1, codec="h264", width=1280, height=720, extradata=b"x")
FRAMES = st.one_of(
    st.just(Opened(streams=(SOUND, PICTURES))),
    st.just(Lost()),
    st.builds(
        Packet,
        stream=st.integers(0, 63),
        time=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        key=st.booleans(),
        data=st.binary(max_size=200),
    ),
)


@given(st.lists(FRAMES, max_size=6), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames: list[Frame], step: int) -> None:
    data = b"".join(map(encode_frame, frames))
    reader = FrameReader()
    assert [f for at in range(0, len(data), step) for f in reader.frames(data[at : at + step])] == frames


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_a_named_error(data: bytes) -> None:
    try:
        for frame in FrameReader().frames(data):
            assert isinstance(frame, (Opened, Packet, Lost))
    except CaptureError:
        return


def test_a_length_beyond_the_bound_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(CaptureError, match="longer"):
        list(FrameReader().frames((LONGEST_FRAME + 1).to_bytes(4, "big")))
    with pytest.raises(CaptureError, match="longer"):
        encode_frame(Packet(stream=0, time=None, key=False, data=bytes(LONGEST_FRAME)))


@pytest.mark.parametrize(
    "about",
    [
        {"number": 64, "codec": "opus", "rate": 48_000, "channels": 1},
        {"number": 0, "codec": "opus", "rate": 0, "channels": 1},
        {"number": 0, "codec": "opus", "rate": 48_000, "channels": 0},
        {"number": 0, "codec": "zmbv", "width": 10, "height": 10},
        {"number": 0, "codec": "h264", "width": 0, "height": 10},
        {"number": 0, "codec": "h264", "width": 10, "height": 10, "extradata": bytes(70_000)},
    ],
)
def test_streams_that_no_camera_has_are_refused(about: dict[str, object]) -> None:
    with pytest.raises(CaptureError):
        StreamParameters(**about)  # type: ignore[arg-type]


def test_a_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(CaptureError):
        Packet(stream=0, time=float("nan"), key=False, data=b"")

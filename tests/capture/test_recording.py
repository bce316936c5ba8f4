"""Recordings: every sample once, in order, at its place; and what is wrong with a file is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from clairvoie.capture.recording import Defect, DefectKind, Recording, full_scale
from clairvoie.errors import CaptureError, UnreadableRecording

RATE = 16_000


def ramp(count: int, first: int = 0) -> np.ndarray:
    """Samples that tell their own place: sample ``k`` is ``k`` modulo 20,000."""
    return ((np.arange(count) + first) % 20_000).astype(np.int16)


def heard(recording: Recording, seconds: float = 0.1) -> np.ndarray:
    return np.concatenate([block.samples for block in recording.blocks(seconds)])


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mkv", "pcm_s16le")])
@pytest.mark.parametrize("seconds", [0.1, 0.37, 10.0])
def test_lossless_files_give_every_sample_once(
    write: Callable[..., Path], name: str, codec: str, seconds: float
) -> None:
    sound = ramp(RATE * 2 + 123)
    recording = Recording(write(name, sound, codec=codec))
    assert recording.rate == RATE
    np.testing.assert_array_equal(heard(recording, seconds), sound / np.float32(32768))
    assert recording.defects == []


def test_blocks_adjoin_and_count_from_the_start(write: Callable[..., Path]) -> None:
    recording = Recording(write("a.wav", ramp(RATE + 100)))
    blocks = list(recording.blocks(0.25))
    assert [block.samples.size for block in blocks] == [4000, 4000, 4000, 4000, 100]
    assert [block.index for block in blocks] == [0, 4000, 8000, 12000, 16000]
    assert all(block.start == block.index / RATE and block.missing == 0 for block in blocks)


@pytest.mark.parametrize(("name", "codec"), [("a.mp3", "mp3"), ("a.m4a", "aac")])
def test_lossy_files_have_their_length_and_no_invented_gaps(write: Callable[..., Path], name: str, codec: str) -> None:
    time = np.arange(44_100 * 3) / 44_100
    tone = (8000 * np.sin(2 * np.pi * 440 * time) * (np.sin(2 * np.pi * 3 * time) > 0)).astype(np.int16)
    recording = Recording(write(name, tone, codec=codec, rate=44_100, frame=1024))
    assert heard(recording).size == pytest.approx(tone.size, abs=2400)
    assert recording.defects == []


def test_one_channel_is_read_and_never_an_average(write: Callable[..., Path]) -> None:
    path = write("two.wav", np.stack([ramp(8000), -ramp(8000)]))
    np.testing.assert_array_equal(heard(Recording(path, channel=2)), -heard(Recording(path, channel=1)))


def test_a_channel_that_is_not_there_is_refused(write: Callable[..., Path]) -> None:
    with pytest.raises(CaptureError, match="has 1 channel"):
        Recording(write("a.wav", ramp(100)), channel=2)


@pytest.mark.parametrize(
    ("raw", "dtype", "scale"),
    [("s16le", "<i2", 32768), ("s16be", ">i2", 32768), ("s32le", "<i4", 2**31), ("f32le", "<f4", 1), ("u8", "u1", 128)],
)
def test_raw_samples_are_read_as_told(tmp_path: Path, raw: str, dtype: str, scale: int) -> None:
    wanted = np.linspace(-0.9, 0.9, 4000)
    stored = wanted * scale + (128 if raw == "u8" else 0)
    path = tmp_path / "a.raw"
    path.write_bytes((stored if dtype.endswith("f4") else np.round(stored)).astype(dtype).tobytes())
    recording = Recording(path, raw=raw, rate=8000)
    assert recording.rate == 8000
    np.testing.assert_allclose(heard(recording), wanted, atol=1 / min(scale, 32768) if scale > 1 else 1e-6)


def test_raw_samples_of_two_channels(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(np.stack([ramp(500), -ramp(500)], axis=1).astype("<i2").tobytes())
    np.testing.assert_array_equal(
        heard(Recording(path, raw="s16le", rate=8000, channels=2, channel=2)), -ramp(500) / np.float32(32768)
    )


@pytest.mark.parametrize(
    "settings", [{"raw": "s17le", "rate": 8000}, {"raw": "s16le"}, {"raw": "s16le", "rate": 8000, "channels": 0}]
)
def test_impossible_raw_formats_are_refused(tmp_path: Path, settings: dict[str, object]) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(100))
    with pytest.raises(CaptureError, match="raw samples"):
        Recording(path, **settings)  # type: ignore[arg-type]


def test_floats_read_from_the_wrong_bytes_are_not_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(np.random.default_rng(1).integers(0, 256, 40_000, dtype=np.uint8).tobytes())
    with pytest.raises(UnreadableRecording, match="not sound"):
        heard(Recording(path, raw="f32le", rate=8000))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"not sound at all " * 300, "FFmpeg cannot read"),
        (np.random.default_rng(0).bytes(40_000), "FFmpeg cannot read"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", "FFmpeg cannot read"),
    ],
)
def test_files_without_sound_are_named_errors(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(UnreadableRecording, match=words) as caught:
        Recording(path)
    assert "a.wav" in str(caught.value)


def test_missing_files_and_folders_are_named_errors(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRecording, match="no such recording"):
        Recording(tmp_path / "nothing.wav")
    with pytest.raises(UnreadableRecording, match="not a file"):
        Recording(tmp_path)


def test_a_header_without_samples_is_a_named_error(write: Callable[..., Path]) -> None:
    path = write("a.wav", ramp(4000))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"data") + 8])
    with pytest.raises(UnreadableRecording):
        Recording(path)


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac")])
def test_a_cut_off_file_is_read_and_said_to_be_cut_off(write: Callable[..., Path], name: str, codec: str) -> None:
    sound = np.random.default_rng(2).integers(-9000, 9000, RATE * 4).astype(np.int16)
    path = write(name, sound, codec=codec)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    recording = Recording(path)
    samples = heard(recording)
    np.testing.assert_array_equal(samples, sound[: samples.size] / np.float32(32768))
    [cut] = [defect for defect in recording.defects if defect.kind is DefectKind.TRUNCATED]
    assert cut.at + cut.seconds == pytest.approx(4.0, abs=0.1)
    assert 1.0 < cut.at < 2.1


def test_a_hole_in_the_file_is_a_gap(write: Callable[..., Path]) -> None:
    sound = np.random.default_rng(3).integers(-9000, 9000, RATE * 4).astype(np.int16)
    path = write("a.flac", sound, codec="flac")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(bytes(data))
    recording = Recording(path)
    blocks = list(recording.blocks())
    lost = sum(block.missing for block in blocks)
    assert lost > 1000
    assert sum(block.samples.size for block in blocks) + lost == sound.size
    for block in blocks:
        np.testing.assert_array_equal(
            block.samples, sound[block.index : block.index + block.samples.size] / np.float32(32768)
        )


def test_timestamps_that_jump_ahead_are_a_gap(write: Callable[..., Path]) -> None:
    starts = [0, 1600, 3200, 3200 + 1600 + 800, 3200 + 3200 + 800]
    recording = Recording(write("a.mkv", ramp(8000), starts=starts))
    blocks = list(recording.blocks(0.15))
    assert [(b.index, b.samples.size, b.missing) for b in blocks] == [
        (0, 2400, 0),
        (2400, 2400, 0),
        (5600, 2400, 800),
        (8000, 800, 0),
    ]
    assert recording.defects == [Defect(DefectKind.GAP, 0.3, 0.05)]


def test_timestamps_that_step_back_are_an_overlap_and_what_came_twice_is_left_out(write: Callable[..., Path]) -> None:
    starts = [0, 1600, 3200 - 400, 4800 - 400, 6400 - 400]
    recording = Recording(write("a.mkv", ramp(8000), starts=starts))
    samples = heard(recording)
    assert recording.defects == [Defect(DefectKind.OVERLAP, 0.2, 0.025)]
    np.testing.assert_array_equal(samples, np.concatenate([ramp(3200), ramp(4400, first=3600)]) / np.float32(32768))


def test_a_file_may_be_read_again(write: Callable[..., Path]) -> None:
    recording = Recording(write("a.wav", ramp(3000)))
    np.testing.assert_array_equal(heard(recording), heard(recording))


@pytest.mark.parametrize(
    ("dtype", "lowest", "expected"),
    [(np.int16, -(2**15), -1.0), (np.int32, -(2**31), -1.0), (np.uint8, 0, -1.0), (np.float64, -0.5, -0.5)],
)
def test_full_scale_is_one_in_every_format(dtype: type, lowest: float, expected: float) -> None:
    made = full_scale(np.array([lowest], dtype=dtype))
    assert made.dtype == np.float32
    assert made.tolist() == [expected]


def test_the_real_recordings_have_no_gaps(needs_shared: Path) -> None:
    found = {
        path.name: Recording(path) for path in sorted((needs_shared / "background").iterdir()) if path.suffix != ".txt"
    }
    assert found
    for name, recording in found.items():
        length = heard(recording, 1.0).size / recording.rate
        assert recording.defects == [], name
        assert length == pytest.approx(recording.duration, abs=0.1), name


def test_a_name_that_looks_like_a_protocol_is_a_file(write: Callable[..., Path]) -> None:
    path = write("a.wav", ramp(3000))
    odd = path.rename(path.with_name("odd:name.wav"))
    assert heard(Recording(odd)).size == 3000

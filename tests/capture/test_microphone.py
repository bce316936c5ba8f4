"""A microphone through ALSA, without hardware: ALSA's own device of silence, in a process locked as an analyser is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clairvoie.capture.microphone import Microphone
from clairvoie.config import ClockSettings, MicrophoneSource, NodeSensor, NodeSettings, child_environment
from clairvoie.egress import landlock
from clairvoie.egress.confining import Confining
from clairvoie.egress.landlock import DEVICE, READ
from clairvoie.errors import CaptureError, ConfigurationError

SILENCE = "pcm.silence { type null }\n"
HEARD = """
import json, sys, time
from clairvoie.boundary.confinement import Lock
from clairvoie.capture.microphone import Microphone
from clairvoie.egress import sealing
microphone = Microphone("silence", rate=48_000)
sealing.close_others((*microphone.descriptors,))
locks = sealing.seal(sealing.MICROPHONE)
blocks = microphone.blocks(sigma=0.005, wall=time.time)
first, second = next(blocks), next(blocks)
try:
    open("/etc/passwd")
    closed = False
except OSError:
    closed = True
print(json.dumps([bool(locks & Lock.SECCOMP), first.rate, first.samples.size, second.index, closed]), flush=True)
import os
os._exit(0)
"""


@pytest.fixture
def no_hardware(tmp_path: Path) -> dict[str, str]:
    """An environment in which ALSA has one device, which hears nothing."""
    (tmp_path / "asoundrc").write_text(SILENCE)
    return {**child_environment(), "ALSA_CONFIG_PATH": str(tmp_path / "asoundrc")}


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")
def test_a_device_opened_before_the_locks_is_heard_inside_them(no_hardware: dict[str, str], tmp_path: Path) -> None:
    confining = Confining({tmp_path: READ, Path("/dev/full"): DEVICE})  # which is what silence is read from
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-c", HEARD], env=no_hardware, preexec_fn=confining, capture_output=True, timeout=60
        )
    finally:
        confining.close()
    assert ended.returncode == 0, ended.stderr.decode()
    assert json.loads(ended.stdout) == [True, 48_000, 4800, 4800, True]


def test_a_device_that_is_not_there_is_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="this microphone cannot be opened"):
        Microphone("no-such-device", rate=48_000)
    assert os.environ.get("ALSA_CONFIG_PATH") is None


@pytest.mark.parametrize("device", ["", "hw:1,0; rm", "/dev/snd/pcm", "x" * 65])
def test_what_is_no_name_of_a_device_is_refused_in_the_settings(device: str) -> None:
    with pytest.raises(ConfigurationError):
        MicrophoneSource(device=device)


def test_a_sensor_has_exactly_one_source() -> None:
    with pytest.raises(ConfigurationError, match="exactly one"):
        NodeSensor(id="mic-1", calibration=120)


def test_a_live_sensor_keeps_the_time_of_the_wall_clock() -> None:
    live = NodeSensor(id="mic-1", calibration=120, microphone=MicrophoneSource(device="hw:1,0"))
    about = {"deployment": "town", "node": "node-1", "hub": "http://127.0.0.1:1", "key": "k", "state": "s"}
    assert NodeSettings(**about, sensors=(live,)).sensors == (live,)
    with pytest.raises(ConfigurationError, match="wall clock"):
        NodeSettings(**about, sensors=(live,), clock=ClockSettings(speed=2.0))

"""The evening's bang, from its sound to its place: rendered with houses in the way, heard, timed, and located."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from clairvoie.boundary.detection import ImpulseDetection
from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.capture.blocks import Block
from clairvoie.detect.sound.analysis import SoundAnalyser
from clairvoie.hub.bangs import OPENING_PEAK, told_by
from clairvoie.hub.incidents import UNASKED, Heard
from clairvoie.lab.rendering import render
from clairvoie.lab.scenario import BANG, evening
from clairvoie.lab.scene import CALIBRATION
from clairvoie.lab.town import read_quarter


def test_the_evenings_bang_is_heard_timed_and_located() -> None:
    quarter = read_quarter()
    whole = evening(quarter)
    (bang,) = [emission for emission in whole.emissions if emission.kind == "bang"]
    scene = replace(whole, seconds=4.0, loop=False, emissions=(replace(bang, at=2.0),), ambiences=whole.ambiences[:1])
    heard: list[Heard] = []
    for number, one in enumerate(render(scene)):
        sensor = quarter.microphones[number]
        samples = np.clip(one.samples, -1, 1).astype(np.float32)
        analyser = SoundAnalyser(scene.rate, CALIBRATION)
        block = Block(samples, scene.rate, start=0.0, sigma=0.0003, index=0)
        for claim in (*analyser.feed(block), *analyser.finish()):
            if isinstance(claim, ImpulseDetection):
                heard.append(
                    Heard(
                        detection=len(heard), sensor=sensor.id, place=sensor.place, kind=HazardKind.IMPULSE,
                        mode=Mode.EXERCISE, onset=claim.onset, level=claim.level, confidence=None, sigma=claim.sigma,
                    )
                )  # fmt: skip
    told = told_by(heard, UNASKED, lambda _one: True)
    assert told.fix is not None, told.reason
    east, north, _ = quarter.metres(told.fix.place)
    assert math.hypot(east - BANG[0], north - BANG[1]) < 10
    assert told.calibrated >= 5
    assert told.opens, "the demonstration shows an incident that bangs alone opened"
    assert told.fix.peak is not None
    assert told.fix.peak > OPENING_PEAK + 3

"""Random street scenes in mel power, with what sounds when: an endless supply of examples from few recordings.

A scene is a background, up to three sounds over it at a random signal-to-noise ratio (A-weighted over the part in which
the sound is active), each with a random place in time, colour, canyon of facades and shift of bands. Powers are added,
which neglects the phase between independent sounds. A whole batch is mixed at once by tensor arithmetic, on the
processor or on a CUDA device alike. Targets are given ten times a second for each output, with a weight of zero where
the recordings do not tell.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from clairvoie.detect.sound.spectra import BANDS, HOP_SECONDS
from clairvoie.lab import classes
from clairvoie.lab.bank import FLOOR_DB, STEP_DB, Bank
from clairvoie.lab.classes import OUTPUTS, STEADY
from clairvoie.lab.colours import Colours, flicker_pool
from clairvoie.lab.dataset import a_weights

TICK_FRAMES = 8
MOST_EVENTS = 3
SHARES = {
    "glass_breaking": 11.0, "glass-breaking": 4.0, "fireworks": 8.0, "firework": 2.5, "bang": 3.0, "car_horn": 5.0,
    "horn": 3.5, "siren": 4.5, "two-tone-siren": 1.5, "wail-siren": 1.0, "clock_alarm": 4.5, "alarm": 3.0,
    "speech": 6.0, "engine": 3.0, "rain": 2.5, "wind": 2.5, "sea_waves": 2.5, "thunderstorm": 2.5,
    "church_bells": 2.5, "dog": 4.0, "train": 3.0, "can_opening": 3.0, "door_wood_knock": 3.0, "footsteps": 3.0,
    "keyboard_typing": 2.0, "mouse_click": 2.0, "water_drops": 2.5, "coughing": 2.5, "clapping": 2.0,
    "chirping_birds": 2.5, "drinking_sipping": 2.0, "door_wood_creaks": 2.0, "clink": 3.0, "keys": 2.0, "beeps": 2.0,
}  # fmt: skip
"""How often a class is drawn, relative to 1.5 for a real class and 0.7 for a synthetic one. What resembles breaking
glass or fireworks is drawn more often than it deserves: hard negatives."""

DROWNED_BACKGROUND = 0.3
"""Weight of what a background's recording does not tell for certain."""


class Scenes(NamedTuple):
    """Mel power (scenes, frames, bands); targets and weights (scenes, ticks, outputs); classes likewise."""

    power: Tensor
    targets: Tensor
    weights: Tensor
    labels: Tensor


class _Sounds:
    """A table of the bank on the device, with what each of its sounds teaches."""

    def __init__(self, bank: Bank, labels: tuple[str, ...], device: torch.device, *, grounds: bool) -> None:
        table = bank.grounds if grounds else bank.sounds
        self.level = torch.from_numpy(table.level).to(device)
        self.active = torch.from_numpy(table.active).to(device)
        self.start = torch.from_numpy(table.start).to(device)
        self.length = torch.from_numpy(table.length).to(device)
        teaches, unsure = np.zeros((2, table.label.size, len(OUTPUTS)), dtype=np.float32)
        known = np.zeros((table.label.size, len(labels)), dtype=np.float32)
        for row, label in enumerate(table.label.tolist()):
            for name in taught_by(label):
                teaches[row, OUTPUTS.index(name)] = 1.0
            for name in classes.UNSURE.get(label, ()):
                unsure[row, OUTPUTS.index(name)] = 1.0
            if label in labels:
                known[row, labels.index(label)] = 1.0
        self._powers = torch.pow(10.0, (torch.arange(256, device=device) * STEP_DB + FLOOR_DB) / 10)
        self.teaches, self.unsure, self.known = (torch.from_numpy(x).to(device) for x in (teaches, unsure, known))

    def frames(self, sound: Tensor, frame: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Power and activity of ``sound`` (...) at its frames ``frame`` (..., frames), zero where not ``there``."""
        at = (self.start[sound][..., None] + frame).clamp(0, self.level.shape[0] - 1)
        power = self._powers[self.level[at].int()] * there[..., None]
        return power, self.active[at] & there


def taught_by(label: str) -> tuple[str, ...]:
    """Outputs that a sound of this label is an example for: of a class, of the synthesis, or of a background."""
    if label.startswith("background:"):
        return classes.BACKGROUND_TEACHES.get(label.removeprefix("background:"), ())
    return classes.TEACHES.get(label) or classes.SYNTHETIC.get(label, ())


class Mixer:
    """Draws scenes of ``ticks`` tenths of a second from a bank, on ``device``; the same ``seed`` draws the same."""

    def __init__(self, bank: Bank, seed: int, ticks: int, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._rng = torch.Generator(self._device).manual_seed(seed)
        self._frames = ticks * TICK_FRAMES
        self._colours = Colours(self._rng, self._device)
        self.labels = bank.labels
        self._events = _Sounds(bank, self.labels, self._device, grounds=False)
        self._grounds = _Sounds(bank, self.labels, self._device, grounds=True)
        self._drawing = _drawing(bank, self._device)
        steady = np.flatnonzero(np.isin(bank.sounds.label, sorted(STEADY)))
        self._steady = torch.from_numpy(steady).to(self._device)
        self._recorded = torch.arange(bank.grounds.length.size, device=self._device)
        self._a_weights = torch.from_numpy(a_weights().astype(np.float32)).to(self._device)
        self._pool = flicker_pool(self._device)

    def reseed(self, seed: int) -> None:
        """Draw from ``seed`` on, so that a run that goes on does not see again what it saw first."""
        self._rng.manual_seed(seed)

    def scenes(self, count: int) -> Scenes:
        """``count`` scenes."""
        truth = _Truth(count, self._frames // TICK_FRAMES, self)
        power = self._background(count, truth)
        noise = self._loudness(power).median(dim=1).values
        reference = torch.where(noise < 1e-11, torch.full_like(noise, 1e-6), noise)
        sound = torch.multinomial(self._drawing, count * MOST_EVENTS, replacement=True, generator=self._rng)
        sound = sound.reshape(count, MOST_EVENTS)
        how_many = torch.bucketize(self._uniform(count), torch.tensor([0.12, 0.72, 0.94], device=self._device))
        heard = torch.arange(MOST_EVENTS, device=self._device) < how_many[:, None]
        scene, number = heard.nonzero(as_tuple=True)
        event, active = self._placed(sound[scene, number])
        loud = (self._loudness(event) * active).sum(dim=1) / active.sum(dim=1).clamp(min=1)
        near = self._uniform(scene.numel()) < 0.85
        ratio = torch.where(near, self._between(-4, 26, scene.numel()), self._between(20, 45, scene.numel()))
        gain = reference[scene] * torch.pow(10.0, ratio / 10) / (loud + 1e-20)
        for turn in range(MOST_EVENTS):  # no scene twice in one turn, so that sums are the same on every device
            chosen = (number == turn).nonzero()[:, 0]
            power[scene[chosen]] += event[chosen] * gain[chosen, None, None]
            there = torch.zeros(count, self._frames, dtype=torch.bool, device=self._device)
            there[scene[chosen]] = active[chosen]
            truth.add(self._events, sound[:, turn], there)
        power = power * torch.pow(10.0, self._between(-3, 2, count))[:, None, None]
        return truth.scenes(power)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._rng, device=self._device)

    def _between(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * self._uniform(*shape)

    def _loudness(self, power: Tensor) -> Tensor:
        return power @ self._a_weights

    def _background(self, count: int, truth: _Truth) -> Tensor:
        """Hiss or silence, coloured noise, a recording made for it, or a steady class, each over a floor of noise."""
        kind = self._uniform(count)
        quiet, coloured, steady = kind < 0.12, (kind >= 0.12) & (kind < 0.30), kind >= 0.62
        floor = self._coloured_noise(count)
        hiss = self._flicker(count) * torch.pow(10.0, self._between(-12.5, -9, count))[:, None, None]
        hiss = hiss * (self._uniform(count) < 0.6)[:, None, None]
        taken = ~(quiet | coloured)
        ground = torch.zeros_like(floor)
        never = torch.zeros(count, self._frames, dtype=torch.bool, device=self._device)
        for table, among, chosen in (
            (self._grounds, self._recorded, taken & ~steady),
            (self._events, self._steady, taken & steady),
        ):
            rows = chosen.nonzero()[:, 0]
            if among.numel() and rows.numel():
                ground[rows], sounding, drawn = self._stretch(table, among, rows.numel())
                number, active = torch.zeros(count, dtype=torch.long, device=self._device), torch.zeros_like(never)
                number[rows], active[rows] = drawn, sounding
                truth.add(table, number, active, behind=True, recorded=table is self._grounds)
        ground = ground * self._colours.response(4.0, count)[:, None, :]
        share = torch.pow(10.0, self._between(-3.5, -0.5, count))[:, None, None]
        mixed = self._levelled(ground) + self._levelled(floor) * share
        power = torch.where(coloured[:, None, None], floor, mixed)
        return torch.where(quiet[:, None, None], hiss, power)

    def _stretch(self, table: _Sounds, among: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Power, activity and number of a stretch of one of these sounds, repeated if it is too short."""
        number = among[(self._uniform(count) * among.numel()).long().clamp(max=among.numel() - 1)]
        length = table.length[number]
        begin = (self._uniform(count) * (length - self._frames).clamp(min=1)).long()
        index = (begin[:, None] + torch.arange(self._frames, device=self._device)) % length[:, None]
        power, active = table.frames(number, index, torch.ones_like(index, dtype=torch.bool))
        return power, active, number

    def _levelled(self, power: Tensor) -> Tensor:
        return power / (self._loudness(power).mean(dim=1)[:, None, None] + 1e-20) * 1e-5

    def _flicker(self, count: int) -> Tensor:
        """Random power of noise: stretches of one pool, since drawing gamma variables anew takes most of the time."""
        start = (self._uniform(count) * (self._pool.shape[0] - self._frames)).long()
        return self._pool[start[:, None] + torch.arange(self._frames, device=self._device)]

    def _coloured_noise(self, count: int) -> Tensor:
        """Noise with a random slope between -9 and +2 dB an octave, a random response, and slow gusts."""
        octaves = torch.log2(torch.linspace(1.0, 60.0, BANDS, device=self._device))
        slope = self._between(-9, 2, count)[:, None] * octaves
        gusts = self._colours.gusts(count, self._frames)
        shape = torch.pow(10.0, slope / 10) * self._colours.response(3.0, count)
        return self._levelled(shape[:, None, :] * torch.pow(10.0, gusts / 10)[..., None] * self._flicker(count))

    def _placed(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Sounds somewhere in the scene, coloured, shifted by up to two bands, every other one between facades."""
        frames, length = self._frames, self._events.length[sound]
        span = length.float()
        spread = self._uniform(*sound.shape)
        first = torch.where(span > 0.7 * frames, -(span - frames / 3).clamp(min=1), torch.zeros_like(span))
        last = torch.where(span > 0.7 * frames, torch.full_like(span, frames * 2 / 3), (frames - span / 2).clamp(min=1))
        at = (first + spread * (last - first)).long()
        frame = torch.arange(frames, device=self._device) - at[..., None]
        there = (frame >= 0) & (frame < length[..., None])
        power, active = self._events.frames(sound, frame, there)
        power = self._shifted(power) * self._colours.response(5.0, *sound.shape)[..., None, :]
        return self._between_facades(power), active

    def _shifted(self, power: Tensor) -> Tensor:
        """Every other sound up or down by one or two bands; what enters at an edge repeats it, 10 dB weaker."""
        shape = power.shape[:-2]
        shift = (self._between(-2, 3, *shape).floor() * (self._uniform(*shape) < 0.5)).long()
        band = torch.arange(BANDS, device=self._device) - shift[..., None]
        index = band.clamp(0, BANDS - 1)[..., None, :].expand(*power.shape)
        edge = torch.where((band < 0) | (band >= BANDS), 0.1, 1.0)
        return power.gather(-1, index) * edge[..., None, :]

    def _between_facades(self, power: Tensor) -> Tensor:
        """Half of the sounds with a diffuse tail of 0.2 to 2 s (60 dB; shorter above), 0 to 20 dB under the direct."""
        shape = power.shape[:-2]
        share = torch.pow(10.0, -self._between(0, 20, *shape) / 10) * (self._uniform(*shape) < 0.5)
        time = 0.2 * torch.pow(10.0, self._uniform(*shape))
        damping = 1.0 + self._uniform(*shape)[..., None] * torch.linspace(0, 1.5, BANDS, device=self._device)
        pole = torch.pow(10.0, -6.0 * HOP_SECONDS * damping / time[..., None])
        tail = torch.nn.functional.pad(power, (0, 0, 1, 0))[..., :-1, :] * ((1 - pole) * share[..., None])[..., None, :]
        step, power_of_pole = 1, pole[..., None, :]
        while step < self._frames:  # sums a geometric series by doubling, exact and the same on every device
            tail = tail + torch.nn.functional.pad(tail, (0, 0, step, 0))[..., : self._frames, :] * power_of_pole
            power_of_pole = power_of_pole.square()
            step *= 2
        return power + tail


class _Truth:
    """What sounds when, as it is put together."""

    def __init__(self, count: int, ticks: int, mixer: Mixer) -> None:
        device = mixer._device
        self._ticks = ticks
        self._targets = torch.zeros(count, ticks, len(OUTPUTS), device=device)
        self._weights = torch.ones_like(self._targets)
        self._classes = torch.zeros(count, ticks, len(mixer.labels), device=device)
        self._behind = torch.zeros(count, 1, len(OUTPUTS), device=device)
        self._certain = torch.zeros(len(OUTPUTS), device=device)
        self._certain[[OUTPUTS.index(name) for name in ("glass-breaking", "firework", "alarm")]] = 1.0

    def add(
        self, table: _Sounds, sound: Tensor, active: Tensor, *, behind: bool = False, recorded: bool = False
    ) -> None:
        """This sound is active in these frames; one that is only ``behind`` others may be drowned by them."""
        ticks = active.reshape(active.shape[0], self._ticks, TICK_FRAMES).sum(dim=2)[..., None]
        heard, sounding = (ticks > 0).float(), (ticks >= 2).float()
        teaches, unsure = table.teaches[sound][:, None], table.unsure[sound][:, None]
        self._targets = torch.maximum(self._targets, sounding * teaches)
        self._weights = self._weights * (1 - 0.8 * (heard - sounding) * teaches) * (1 - heard * unsure)
        if recorded:
            there = heard.amax(dim=1, keepdim=True)
            doubt = there * (1 - torch.maximum(teaches, self._certain))
            self._weights = self._weights * (1 - (1 - DROWNED_BACKGROUND) * doubt)
        self._classes = torch.maximum(self._classes, sounding * table.known[sound][:, None])
        if behind:
            self._behind = torch.maximum(self._behind, heard.amax(dim=1, keepdim=True) * teaches)
        else:
            self._weights = self._weights * (1 - 0.5 * heard * self._behind)

    def scenes(self, power: Tensor) -> Scenes:
        """The finished scenes; where an output is taught by one sound, another's doubt about it does not count."""
        weights = torch.where(self._targets > 0, self._weights.clamp(min=0.5), self._weights)
        return Scenes(power, self._targets, weights, self._classes)


def _drawing(bank: Bank, device: torch.device) -> Tensor:
    """How often each version of each sound is drawn: by the share of its label, evenly over recordings."""
    table = bank.sounds
    shares = np.zeros(table.label.size)
    for label in bank.labels:
        those = np.flatnonzero(table.label == label)
        share = SHARES.get(label, 1.5 if bool(table.real[those[0]]) else 0.7)
        clips, versions = np.unique(table.clip[those], return_inverse=True)
        shares[those] = share / clips.size / np.bincount(versions)[versions]
    return torch.from_numpy(shares / shares.sum()).float().to(device)

"""Training of the recogniser for the street, from recordings and the laboratory's own sounds, on processor or CUDA.

The last epoch counts: nothing is chosen by looking at the test fold. Weights are averaged exponentially over steps
(EMA). A larger network may teach a smaller one (distillation: Hinton et al. 2015), trained before on the same
recordings or beside it on the same scenes (Zhang et al., CVPR 2018), which adds no data. What was learned so far is
kept after every epoch, so that a run that was cut goes on from there.
Needs the extra ``lab`` (torch, onnx).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from clairvoie.errors import LabError
from clairvoie.lab import classes, dataset
from clairvoie.lab.bank import Bank
from clairvoie.lab.mixing import Mixer, Scenes
from clairvoie.lab.network import Street
from clairvoie.lab.pictures import pictures_of

Say = Callable[[str], None]
SCENE_TICKS = 44
CHECKPOINT = "checkpoint.pt"
TRIED_STEPS = 20
LABELS_SHARE = 0.5
TAUGHT_SHARE = 0.6
"""Weight of what the teacher says against what the recordings say."""

HAZARD_SHARE = 2.0
"""Weight of the outputs that hazards are made of against that of the others."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train. An epoch is ``batches`` batches of ``size`` scenes of 4.4 seconds."""

    data: Path
    folds: tuple[int, ...] = (1, 2, 3)
    epochs: int = 60
    batches: int = 100
    size: int = 48
    rate: float = 3e-3
    seed: int = 1
    synthetic: int = 48
    smoke: bool = False
    start: Path | None = None
    """Weights of an earlier run to go on from: it must have learned from some of the same folds and no others."""
    bank: Path | None = None
    """A file of spectra to read instead of the recordings; made from them if it is not there."""
    device: str = "auto"
    minutes: float | None = None
    """Instead of ``epochs``: as many as fit into this time at the speed that the first steps have."""
    width: int = 88
    scale: float = 1.0
    teacher: Path | None = None
    beside: float | None = None
    """How many times as wide a network learns beside this one from the same scenes, and teaches it; ``None``: none."""
    keep: Path | None = None
    """Folder for what was learned so far."""

    @property
    def origin(self) -> str:
        """What its bank is made from, in words, so that no other is taken for it."""
        return f"{self.synthetic} of each synthetic sound" + (", a few clips only" if self.smoke else "")


def device_of(name: str) -> str:
    """``auto`` is CUDA where there is some, else the processor."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise LabError("there is no CUDA device here", name, "Use --device cpu.")
    return name


def bank_of(plan: Plan, say: Say) -> Bank:
    """The sounds to learn from: the file of the plan if it is there, else from the recordings."""
    if plan.bank is not None and plan.bank.is_file():
        bank = Bank.read(plan.bank)
        if bank.origin != plan.origin or not set(plan.folds) <= set(bank.folds):
            held = f"folds {bank.folds}, {bank.origin}"
            raise LabError(f"this bank holds {held}, not {plan.folds}, {plan.origin}", str(plan.bank), "Make another.")
        bank = bank.part(plan.folds)
        say(f"{bank.sounds.label.size} sounds from {plan.bank.name}: folds {bank.folds}, {bank.origin}")
        return bank
    clips = dataset.esc(dataset.read_clips(plan.data), plan.folds, shippable=True)
    if plan.smoke:
        clips = clips[::40]
    events = dataset.real_bank(clips)
    say(f"{len(events)} clips from folds {plan.folds}")
    if not plan.smoke:
        rng = np.random.default_rng(plan.seed)
        events += dataset.speech_bank(plan.data) + dataset.synthetic_bank(rng, plan.synthetic)
        say(f"{len(events)} sounds with speech and synthesis")
    names = classes.TRAIN_BACKGROUNDS[-2:] if plan.smoke else classes.TRAIN_BACKGROUNDS
    folds = [clip.fold for clip in clips]
    bank = Bank.of(events, dataset.background_bank(plan.data, names), plan.origin, folds)
    if plan.bank is not None:
        bank.write(plan.bank)
    return bank


class Trained(NamedTuple):
    """Networks in evaluation mode, on the processor; the finer classes they learned; how many epochs."""

    network: Street
    beside: Street | None
    labels: tuple[str, ...]
    epochs: int


def train(plan: Plan, say: Say = print) -> Trained:
    """A network trained as ``plan`` says, and the one that taught it, if any learned beside it."""
    torch.manual_seed(plan.seed)
    device = device_of(plan.device)
    if device == "cpu":
        torch.set_num_threads(1)
    mixer = Mixer(bank_of(plan, say), plan.seed + 1, SCENE_TICKS, device)
    learning = Learning(plan, mixer, device, say)
    while learning.epoch < learning.epochs:
        learning.one_epoch(say)
    pair = learning.averaged()
    return Trained(pair.network, pair.beside, mixer.labels, learning.epochs)


class Pair(nn.Module):
    """What is trained, and the wider network beside it, if there is one."""

    def __init__(self, plan: Plan, labels: int) -> None:
        super().__init__()
        self.network = Street(len(classes.OUTPUTS), labels, plan.width, scale=plan.scale)
        wide = plan.beside
        self.beside = (
            None if wide is None
            else Street(len(classes.OUTPUTS), labels, round(plan.width * wide), scale=plan.scale * wide)
        )  # fmt: skip


class Learning:
    """A training under way: network, optimiser, average, and how far it has come."""

    def __init__(self, plan: Plan, mixer: Mixer, device: str, say: Say) -> None:
        self._plan = plan
        self._mixer = mixer
        self._device = device
        self._teacher = None if plan.teacher is None else read_network(plan.teacher, mixer.labels).to(device).eval()
        pair = Pair(plan, len(mixer.labels))
        if plan.start is not None:
            pair.network.load_state_dict(read_network(plan.start, mixer.labels).state_dict())
            if pair.beside is not None:
                pair.beside.load_state_dict(read_network(beside_of(plan.start), mixer.labels).state_dict())
        self._pair = pair.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimiser = torch.optim.AdamW(self._pair.parameters(), lr=plan.rate, weight_decay=2e-2)
        self.epoch = 0
        self.epochs = self._fitting(say)
        steps = max(1, self.epochs * plan.batches)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, plan.rate, total_steps=steps + 1, pct_start=0.1
        )
        mean = torch.optim.swa_utils.get_ema_multi_avg_fn(0.998 if steps > 1000 else 0.9)  # type: ignore[no-untyped-call]
        self._averaged = torch.optim.swa_utils.AveragedModel(self._pair, multi_avg_fn=mean, use_buffers=True)
        self._began = time.monotonic()
        self._resume(say)

    def _fitting(self, say: Say) -> int:
        """How many epochs to do: as asked, or as fit into the time, tried on a copy that is thrown away."""
        if self._plan.minutes is None:
            return self._plan.epochs
        before = {name: value.clone() for name, value in self._pair.state_dict().items()}
        for tried in range(TRIED_STEPS):
            if tried == TRIED_STEPS // 2:
                _wait(self._device)
                began = time.monotonic()
            self._step()
        _wait(self._device)
        step = (time.monotonic() - began) / (TRIED_STEPS - TRIED_STEPS // 2)
        self._pair.load_state_dict(before)
        self._optimiser = torch.optim.AdamW(self._pair.parameters(), lr=self._plan.rate, weight_decay=2e-2)
        epochs = max(1, int(self._plan.minutes * 60 / step / self._plan.batches))
        say(f"{step * 1000:.1f} ms a step of {self._plan.size} scenes: {epochs} epochs in {self._plan.minutes:g} min")
        return epochs

    def one_epoch(self, say: Say) -> None:
        """Learn from ``batches`` batches, then keep what was learned."""
        self._pair.train()
        total = torch.zeros((), device=self._device)
        for _ in range(self._plan.batches):
            total += self._step()
            self._schedule.step()
            self._averaged.update_parameters(self._pair)
        self.epoch += 1
        loss, spent = float(total) / self._plan.batches, time.monotonic() - self._began
        say(f"epoch {self.epoch}/{self.epochs}: loss {loss:.4f}, {spent:.0f} s")
        self._keep()

    def _step(self) -> Tensor:
        scenes = self._mixer.scenes(self._plan.size)
        pictures = pictures_of(scenes.power).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.split(":")[0], torch.bfloat16):
            said = self._pair.network.taught(pictures)
            wide = None if self._pair.beside is None else self._pair.beside.taught(pictures)
            told = None if self._teacher is None else self._told(self._teacher, pictures)
        loss = truth_loss(said, scenes)
        if wide is not None:
            told = torch.sigmoid(wide[0].detach().float())
        if told is not None:
            loss = (1 - TAUGHT_SHARE) * loss + TAUGHT_SHARE * loss_of(said[0].float(), told, None)
        alone = loss.detach()
        if wide is not None:
            loss = loss + truth_loss(wide, scenes)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for network in self._pair.children():
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        self._optimiser.step()
        return alone

    @staticmethod
    def _told(teacher: Street, pictures: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.sigmoid(teacher.taught(pictures)[0].float())

    def averaged(self) -> Pair:
        """The averaged weights, ready to be exported."""
        return cast(Pair, self._averaged.module).eval().cpu()

    def _keep(self) -> None:
        if self._plan.keep is None:
            return
        held = {
            "epoch": self.epoch, "epochs": self.epochs, "origin": f"{self._plan.folds} {self._plan.origin}",
            "network": self._pair.state_dict(), "averaged": self._averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(), "schedule": self._schedule.state_dict(),
        }  # fmt: skip
        path = self._plan.keep / CHECKPOINT
        torch.save(held, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def _resume(self, say: Say) -> None:
        path = None if self._plan.keep is None else self._plan.keep / CHECKPOINT
        if path is None or not path.is_file():
            return
        held: dict[str, Any] = torch.load(path, weights_only=True, map_location=self._device)
        if held["origin"] != f"{self._plan.folds} {self._plan.origin}" or (
            self._plan.minutes is None and held["epochs"] != self.epochs
        ):
            raise LabError("an unfinished run of another plan is kept here", str(path), "Take another folder.")
        self.epoch, self.epochs = held["epoch"], held["epochs"]
        self._pair.load_state_dict(held["network"])
        self._averaged.load_state_dict(held["averaged"])
        self._optimiser.load_state_dict(held["optimiser"])
        self._schedule.load_state_dict(held["schedule"])
        self._mixer.reseed(self._plan.seed + 1000 * self.epoch)
        say(f"going on after epoch {self.epoch} of {self.epochs}")


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def write_network(
    network: Street, labels: tuple[str, ...], path: Path, made: Mapping[str, str | int] | None = None
) -> None:
    """Weights with what is needed to make the network anew, and with ``made``: how they were made."""
    held = {"state": network.state_dict(), "width": network.width, "scale": network.scale, "labels": list(labels)}
    torch.save(held | {"made": dict(made or {})}, path)


def read_made(path: Path) -> dict[str, Any]:
    """How the weights in ``path`` were made."""
    return dict(torch.load(path, weights_only=True, map_location="cpu").get("made", {}))


def read_network(path: Path, labels: tuple[str, ...] | None = None) -> Street:
    """The network in ``path``, which must have learned the same finer classes if ``labels`` are given."""
    try:
        held: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        network = Street(len(classes.OUTPUTS), len(held["labels"]), held["width"], scale=held["scale"])
        network.load_state_dict(held["state"])
    except (OSError, RuntimeError, KeyError) as error:
        raise LabError(f"these weights cannot be read ({error})", str(path)) from error
    if labels is not None and tuple(held["labels"]) != labels:
        raise LabError("these weights learned other classes", str(path), "Train on the same folds.")
    return network


def beside_of(path: Path) -> Path:
    """Where the network that learned beside the one in ``path`` is kept."""
    return path.with_name(f"{path.stem}-beside{path.suffix}")


def truth_loss(said: tuple[Tensor, Tensor], scenes: Scenes) -> Tensor:
    """Against what the recordings tell: outputs, and the finer classes."""
    scores, names = said
    named = loss_of(names.float(), scenes.labels, None)
    weights = scenes.weights * emphasis().to(scores.device)
    return loss_of(scores.float(), scenes.targets, weights) + LABELS_SHARE * named


def emphasis() -> Tensor:
    """Weight of each output."""
    hazards = {"glass-breaking", "firework", "alarm", "horn"}
    return torch.tensor([HAZARD_SHARE if output in hazards else 1.0 for output in classes.OUTPUTS])


def loss_of(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """Weighted binary cross entropy over the ticks that have a full future, summed over outputs."""
    ticks = logits.shape[1]
    losses = nn.functional.binary_cross_entropy_with_logits(logits, targets[:, :ticks], reduction="none")
    return (losses if weights is None else losses * weights[:, :ticks]).sum(dim=2).mean()

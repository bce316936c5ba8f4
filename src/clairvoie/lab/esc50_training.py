"""Training of the benchmark's network on the folds it is given; the last epoch counts, nothing is chosen on the way.

Every batch is drawn anew by :mod:`clairvoie.lab.esc50_augment`; the loss is the divergence from the known mixture
(Kullback and Leibler). Rate: one cycle. Weights are averaged over steps. Several finished networks may teach another
one on the very same pictures (Hinton et al. 2015; Beyer et al., CVPR 2022): they have seen the same folds and nothing
else, so no data comes in from outside. With YAMNet as teacher (:mod:`clairvoie.lab.esc50_yamnet`) the network learns to
say what YAMNet said of the clips too, by outputs that are thrown away afterwards; that is outside data, and a figure of
its own. What was learned is kept every few epochs and a run that was cut goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from clairvoie.errors import LabError
from clairvoie.lab.dataset import esc, read_clips
from clairvoie.lab.esc50_augment import Augmenter, Strength
from clairvoie.lab.esc50_network import ClipNetwork
from clairvoie.lab.esc50_spectra import ClipTable, decibels
from clairvoie.lab.esc50_yamnet import read_said
from clairvoie.lab.train import Say, device_of

WEIGHTS = "esc50.pt"
KEPT_EVERY = 5
TRIED_STEPS = 12
AVERAGED_SHARE = 1 / 8
"""Weights are averaged over about this share of all steps, the last."""
TAUGHT_SHARE = 0.8
HEARSAY_SHARE = 0.1
"""Weight of YAMNet's classes, the sum of their cross entropies, beside the divergence of our own."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to train. ``teachers``: weights of networks that have learned from the same folds."""

    data: Path
    out: Path
    folds: tuple[int, ...] = (1, 2, 3, 4)
    epochs: int = 300
    size: int = 32
    width: int = 32
    rate: float = 3e-3
    decay: float = 0.05
    seed: int = 1
    device: str = "auto"
    minutes: float | None = None
    bank: Path | None = None
    teachers: tuple[Path, ...] = ()
    yamnet: Path | None = None
    """What YAMNet said of all clips (:func:`clairvoie.lab.esc50_yamnet.read_said`); ``None``: it is not asked."""
    smoke: bool = False
    name: str = WEIGHTS
    strength: Strength = field(default_factory=Strength)

    @property
    def said(self) -> dict[str, Any]:
        """What made these weights, kept with them."""
        return {
            "folds": list(self.folds), "epochs": self.epochs, "size": self.size, "rate": self.rate,
            "seed": self.seed, "teachers": len(self.teachers), "smoke": self.smoke, "yamnet": self.yamnet is not None,
        }  # fmt: skip


def clip_table(data: Path, bank: Path | None, say: Say, *, smoke: bool = False) -> ClipTable:
    """All clips of ESC-50: the file ``bank`` if it is there, else from the recordings, and then kept in ``bank``."""
    if bank is not None and bank.is_file():
        return ClipTable.read(bank)
    clips = esc(read_clips(data), (1, 2, 3, 4, 5), shippable=False)
    table = ClipTable.of(clips[:: 97 if smoke else 1])
    say(f"{len(table.files)} clips read")
    if bank is not None:
        table.write(bank)
    return table


def train_weights(order: Order, say: Say) -> Path:
    """Train and write the weights; returns where they are. With no epochs, only make the bank, and return that."""
    table = clip_table(order.data, order.bank, say, smoke=order.smoke)
    if order.epochs == 0 and order.bank is not None:
        return order.bank
    path = train_on(table, order, say)
    say(f"written to {path}; its recordings' licences forbid shipping it")
    return path


def train_on(table: ClipTable, order: Order, say: Say) -> Path:
    """The same with clips that are already read."""
    if order.width < 2 or order.width % 2:
        raise LabError("the width of this network is even", order.width, "8 is 0.05 M parameters, 32 0.68 M.")
    part = table.part(order.folds)
    if not part.files:
        raise LabError("there are no clips in these folds", order.folds)
    order.out.mkdir(parents=True, exist_ok=True)
    training = Training(part, order, say)
    while training.epoch < training.epochs:
        training.one_epoch(say)
    path = order.out / order.name
    held = {
        "state": training.averaged_network().state_dict(), "width": order.width, "labels": list(training.labels),
        "order": order.said | {"epochs": training.epochs},
    }  # fmt: skip
    torch.save(held, path)
    training.checkpoint.unlink(missing_ok=True)
    return path


class Training:
    """A run under way, with all of its clips on the device."""

    def __init__(self, table: ClipTable, order: Order, say: Say) -> None:
        self._order = order
        self._device = torch.device(device_of(order.device))
        torch.manual_seed(order.seed)
        if self._device.type == "cpu":
            torch.set_num_threads(1)
        self.labels = tuple(sorted(set(table.labels)))
        levels = torch.from_numpy(decibels(table.levels))
        self._levels = levels.to(self._device)
        classes = torch.tensor([self.labels.index(label) for label in table.labels], device=self._device)
        self._held = nn.functional.one_hot(classes, len(self.labels)).float()
        if order.yamnet is not None:
            said = torch.from_numpy(read_said(order.yamnet, table.files)).to(self._device)
            self._held = torch.cat([self._held, said], dim=1)
        self._rng = torch.Generator(self._device).manual_seed(order.seed)
        self._augmenter = Augmenter(self._rng, self._device, order.strength)
        network = ClipNetwork(len(self.labels), order.width)
        network.learn_usual(levels)
        self._network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        others = self._held.shape[1] - len(self.labels)
        self._hearsay = nn.Linear(network.scores.in_features, others).to(self._device) if others else nn.Identity()
        self._teachers = [read_weights(path, self.labels).to(self._device) for path in order.teachers]
        self._steps = max(1, 2 if order.smoke else len(table.files) // order.size)
        self._size = min(order.size, 4 if order.smoke else order.size, len(table.files))
        self.checkpoint = order.out / f"{order.name}.checkpoint"
        self.epoch, self.epochs = 0, self._fitting(say)
        self._set_out(self.epochs)
        self._began = time.monotonic()
        self._resume(say)

    def _set_out(self, epochs: int) -> None:
        self._optimiser = self._new_optimiser()
        total = max(2, epochs * self._steps) + 1
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, self._order.rate, total_steps=total, pct_start=0.1
        )
        kept = 1 - 1 / max(10.0, AVERAGED_SHARE * total)
        mean = torch.optim.swa_utils.get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]
        self._averaged = torch.optim.swa_utils.AveragedModel(self._network, multi_avg_fn=mean, use_buffers=True)

    def _new_optimiser(self) -> torch.optim.Optimizer:
        learning = [*self._network.parameters(), *self._hearsay.parameters()]
        weights = {"params": [x for x in learning if x.ndim > 1], "weight_decay": self._order.decay}
        others = {"params": [x for x in learning if x.ndim <= 1], "weight_decay": 0.0}
        return torch.optim.AdamW([weights, others], lr=self._order.rate)

    def _fitting(self, say: Say) -> int:
        if self._order.smoke:
            return 1
        if self._order.minutes is None:
            return self._order.epochs
        before = {name: value.clone() for name, value in self._network.state_dict().items()}
        self._optimiser = self._new_optimiser()
        for tried in range(TRIED_STEPS):
            if tried == TRIED_STEPS // 2:
                began = self._now()
            self._step(torch.randperm(len(self._held), device=self._device)[: self._size])
        step = (self._now() - began) / (TRIED_STEPS - TRIED_STEPS // 2)
        self._network.load_state_dict(before)
        epochs = max(1, int(self._order.minutes * 60 / step / self._steps))
        say(f"{step * 1000:.1f} ms a step of {self._size} clips: {epochs} epochs in {self._order.minutes:g} min")
        return epochs

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize()
        return time.monotonic()

    def one_epoch(self, say: Say) -> None:
        """Every clip once, mixed with another."""
        self._network.train()
        turn = torch.randperm(len(self._held), generator=self._rng, device=self._device)
        total = torch.zeros((), device=self._device)
        for number in range(self._steps):
            total += self._step(turn[number * self._size : (number + 1) * self._size])
            self._schedule.step()
            self._averaged.update_parameters(self._network)
        self.epoch += 1
        if self.epoch % KEPT_EVERY == 0 or self.epoch == self.epochs:
            loss, spent = float(total) / self._steps, time.monotonic() - self._began
            say(f"{self._order.name}: epoch {self.epoch}/{self.epochs}: loss {loss:.4f}, {spent:.0f} s")
            self._keep()

    def _step(self, chosen: Tensor) -> Tensor:
        seen, held = self._augmenter.mixed(self._levels[chosen], self._held[chosen], self._network)
        target, said = held[:, : len(self.labels)], held[:, len(self.labels) :]
        with torch.autocast(self._device.type, torch.bfloat16):
            features = self._network.features(seen).float()
            logits = self._network.scores(features)
            told = self._told(seen)
        if told is not None:
            target = (1 - TAUGHT_SHARE) * target + TAUGHT_SHARE * told
        loss = divergence(logits.float(), target)
        if said.shape[1]:
            wrong = nn.functional.binary_cross_entropy_with_logits(self._hearsay(features), said, reduction="sum")
            loss = loss + HEARSAY_SHARE * wrong / said.shape[0]
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        return loss.detach()

    def _told(self, seen: Tensor) -> Tensor | None:
        if not self._teachers:
            return None
        with torch.no_grad():
            said = [torch.softmax(teacher(seen).float(), dim=1) for teacher in self._teachers]
        return torch.stack(said).mean(dim=0)

    def averaged_network(self) -> ClipNetwork:
        """The averaged weights on the processor."""
        return cast(ClipNetwork, self._averaged.module).eval().cpu()

    def _keep(self) -> None:
        held = {
            "said": self._order.said, "epoch": self.epoch, "epochs": self.epochs, "network": self._network.state_dict(),
            "hearsay": self._hearsay.state_dict(),
            "averaged": self._averaged.state_dict(), "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
        }  # fmt: skip
        torch.save(held, self.checkpoint.with_suffix(".new"))
        self.checkpoint.with_suffix(".new").replace(self.checkpoint)

    def _resume(self, say: Say) -> None:
        if not self.checkpoint.is_file():
            return
        held: dict[str, Any] = torch.load(self.checkpoint, weights_only=True, map_location=self._device)
        if held["said"] != self._order.said:
            raise LabError("an unfinished run of another kind is kept here", str(self.checkpoint), "Delete it.")
        self._set_out(held["epochs"])
        self.epoch, self.epochs = held["epoch"], held["epochs"]
        self._network.load_state_dict(held["network"])
        self._hearsay.load_state_dict(held["hearsay"])
        self._averaged.load_state_dict(held["averaged"])
        self._optimiser.load_state_dict(held["optimiser"])
        self._schedule.load_state_dict(held["schedule"])
        self._rng.manual_seed(self._order.seed + 1000 * self.epoch)
        say(f"going on after epoch {self.epoch} of {self.epochs}")


def divergence(logits: Tensor, target: Tensor) -> Tensor:
    """Mean divergence of what is said from ``target``, distributions both."""
    return nn.functional.kl_div(torch.log_softmax(logits, dim=1), target, reduction="batchmean")


def read_weights(path: Path, labels: tuple[str, ...] | None = None) -> ClipNetwork:
    """The network in ``path``, in evaluation mode; with ``labels``, one of exactly these classes."""
    network, known = read_classifier(path)
    if labels is not None and known != labels:
        raise LabError("these weights know other classes", str(path))
    return network


def epochs_of(path: Path) -> int:
    """For how long the network in ``path`` learned."""
    return int(torch.load(path, weights_only=True, map_location="cpu")["order"]["epochs"])


def read_classifier(path: Path) -> tuple[ClipNetwork, tuple[str, ...]]:
    """The network in ``path`` and its classes."""
    try:
        held: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        network = ClipNetwork(len(held["labels"]), held["width"])
        network.load_state_dict(held["state"])
    except (OSError, RuntimeError, KeyError) as error:
        raise LabError(f"these weights cannot be read ({error})", str(path)) from error
    return network.eval(), tuple(held["labels"])


def probabilities(networks: Sequence[ClipNetwork], table: ClipTable, device: str) -> Tensor:
    """(clips, classes): the mean over networks of what each says of the clips as they are."""
    place = torch.device(device)
    said = []
    with torch.no_grad():
        for start in range(0, len(table.files), 100):
            levels = torch.from_numpy(decibels(table.levels[start : start + 100])).to(place)
            answers = [torch.softmax(n.to(place)(n.pictures(levels)).float(), dim=1) for n in networks]
            said.append(torch.stack(answers).mean(dim=0))
    return torch.cat(said).cpu()

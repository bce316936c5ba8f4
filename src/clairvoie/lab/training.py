"""One run from recordings to a model that can be shipped: train, then finish (:mod:`clairvoie.lab.finishing`).

Training needs torch and a bank of sounds and no more, so that it can be done on a machine that has nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from clairvoie.errors import LabError
from clairvoie.lab.train import Plan, Say, bank_of, beside_of, device_of, read_made, read_network, train, write_network

GOING_ON_RATE = 2e-3


@dataclass(frozen=True, slots=True)
class Run:
    """What ``clairvoie lab train`` was asked for."""

    data: Path
    out: Path
    folds: tuple[int, ...] = (1, 2, 3)
    validate_fold: int | None = None
    rules: Path | None = None
    test_fold: int | None = None
    epochs: int = 60
    seed: int = 1
    start: Path | None = None
    smoke: bool = False
    minutes: float | None = None
    device: str = "auto"
    bank: Path | None = None
    size: int | None = None
    """Scenes a batch: 48 on a processor, 256 on a graphics card unless given."""
    batches: int = 100
    synthetic: int = 48
    width: int = 88
    scale: float = 1.0
    teacher: Path | None = None
    beside: float | None = None
    weights_only: bool = False
    """Write ``street.pt`` and no more, on a machine that has a bank but no recordings."""

    def __post_init__(self) -> None:
        judged = [fold for fold in (self.validate_fold, self.test_fold) if fold is not None]
        if set(judged) & set(self.folds) or len(set(judged)) != len(judged):
            raise LabError("a fold is learned from, or chosen on, or tested on, never two of these", judged)
        if self.teacher is not None and self.beside is not None:
            raise LabError("one network cannot have two teachers", str(self.teacher), "Give --teacher or --beside.")
        if not self.folds:
            raise LabError("there is nothing to learn from", self.folds, "Give --train-folds.")


WEIGHTS = "street.pt"


def run(order: Run, say: Say) -> None:
    """Do all of it; what is finished is written to ``order.out``.

    With no epochs: finish what ``start`` holds, or without it make the bank and no more.
    """
    order.out.mkdir(parents=True, exist_ok=True)
    if order.epochs == 0 and order.start is None:
        bank_of(plan_of(order), say)
        return
    if order.epochs == 0 and order.start is not None:
        made = read_made(order.start)
        if made.get("folds") != ",".join(map(str, order.folds)):
            raise LabError("these weights learned from other folds", made.get("folds"), "Give the same --train-folds.")
        from clairvoie.lab.finishing import finish

        finish(order, read_network(order.start), made, say)
        return
    network, beside, labels, epochs = train(plan_of(order), say)
    folds = ",".join(map(str, order.folds))
    made = {"command": command_of(order, epochs), "folds": folds, "seed": order.seed, "epochs": epochs}
    write_network(network, labels, order.out / WEIGHTS, made)
    if beside is not None:
        write_network(beside, labels, beside_of(order.out / WEIGHTS), made)
    if order.weights_only:
        say(f"written to {order.out}: {WEIGHTS}; finish with --start {WEIGHTS} --epochs 0 where the recordings are")
        return
    from clairvoie.lab.finishing import finish  # what it imports, a machine that only trains need not have

    finish(order, network, made, say)


def plan_of(order: Run) -> Plan:
    """What to train, as it was asked for."""
    size = order.size or (256 if device_of(order.device).startswith("cuda") else 48)
    plan = Plan(
        order.data, order.folds, order.epochs, order.batches, size, seed=order.seed, start=order.start,
        bank=order.bank, device=order.device, minutes=order.minutes, width=order.width, scale=order.scale,
        teacher=order.teacher, beside=order.beside, keep=order.out, synthetic=order.synthetic,
    )  # fmt: skip
    if order.start is not None:
        plan = replace(plan, rate=GOING_ON_RATE)
    if order.smoke:
        plan = replace(plan, epochs=1, minutes=None, batches=2, size=4, synthetic=0, smoke=True)
    return plan


def command_of(order: Run, epochs: int) -> str:
    """The command line that does the same again, without its folders."""
    folds = ",".join(map(str, order.folds))
    command = f"clairvoie lab train --train-folds {folds} --epochs {epochs} --seed {order.seed}"
    plain = Run(order.data, order.out)
    for option in ("size", "batches", "synthetic", "width", "scale", "beside", "minutes", "validate_fold", "test_fold"):
        value = getattr(order, option)
        if value != getattr(plain, option):
            command += f" --{option.replace('_', '-')} {value}"
    for option in ("start", "rules", "teacher"):
        path = getattr(order, option)
        if path is not None:
            command += f" --{option} {path.name}"
    return command

"""Recursive filters a block at a time: the same numbers as sample by sample, by matrix products instead of a loop.

A recursive filter waits, sample after sample, for what it has just computed; a processor core does little else
meanwhile. Written as a state space, s' = A s + b x and y = C s + d x, the outputs of a block of samples are a product
of its inputs and of the state before it with one fixed matrix (Burrus 1972, "Block realization of digital filters",
IEEE Transactions on Audio and Electroacoustics 20(4)); and the states before the blocks are such a recursion again, of
fewer steps. Nothing is truncated: all is float64 and differs from the recursion by rounding alone, wherever a stream is
cut: the tests hold it to 1e-12 of full scale. The poles have to be real, as those of the weightings are: sections are
then chains of first order, whose states lose no digits beside one another.

>>> halving = BlockRecursion(Recursion([np.array([0.5, 0, 0, 1, -0.5, 0])], [None]))
>>> [y] = halving.feed(np.array([1.0, 0.0, 0.0]), [0])
>>> y.tolist()
[0.5, 0.25, 0.125]
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clairvoie.errors import InvalidValue

Array = NDArray[np.float64]

BLOCK = 16
"""Samples a block: longer ones cost more products, shorter ones more steps."""
STEPS = 12
"""Steps of the state that are taken at once, for the same reason."""
FORGOTTEN = 1e-60
"""A state below this is set to zero: in digital silence it would decay into denormal numbers, which are slow."""
COMPLEX = -1e-12
"""A discriminant below this is that of a complex pair; rounding alone leaves less."""


class Recursion:
    """Second-order ``sections`` (b0 b1 b2 1 a1 a2), with an output for each, as matrices. Shared by many streams.

    ``sources`` says for each section the number of the earlier one that feeds it, or ``None`` for the input.
    """

    def __init__(self, sections: Sequence[NDArray[np.float64]], sources: Sequence[int | None]) -> None:
        a, b, c, d = _state_space(sections, sources)
        self.powers = _powers(a, BLOCK)
        """What n samples without sound leave of the state, for n from 0 to ``BLOCK``."""
        self.into = np.array([self.powers[BLOCK - 1 - n] @ b for n in range(BLOCK)])
        """What each sample of a block adds to the state after it, shape (BLOCK, states)."""
        self.outputs = [_block_matrix(self.powers, b, row, straight) for row, straight in zip(c, d, strict=True)]
        """From the samples of a block and the state before it, (BLOCK + states), to each output, (BLOCK)."""
        self._levels: list[tuple[Array, Array]] = []

    def level(self, number: int) -> tuple[Array, Array]:
        """What the inputs of ``STEPS`` steps and the state before make of the state before each step, and after all.

        A step of level 0 is a block, one of the next level ``STEPS`` of those.
        """
        while len(self._levels) <= number:
            step = np.linalg.matrix_power(self.powers[BLOCK], STEPS ** len(self._levels))
            self._levels.append(_step_matrices(_powers(step, STEPS)))
        return self._levels[number]


class BlockRecursion:
    """Runs a ``recursion`` over one stream of pieces of any length."""

    def __init__(self, recursion: Recursion) -> None:
        self._recursion = recursion
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._state = np.zeros(self._recursion.into.shape[1])

    def feed(self, samples: NDArray[np.floating], outputs: Sequence[int]) -> list[Array]:
        """The next ``samples``, as the sections named in ``outputs`` leave them: float64, in that order."""
        known, size = self._recursion, samples.size
        whole, rest = divmod(size, BLOCK)
        used = size - rest
        given = np.empty((whole + 1, BLOCK + self._state.size))
        given[:whole, :BLOCK] = samples[:used].reshape(whole, BLOCK)
        given[whole, :rest] = samples[used:]
        given[whole, rest:BLOCK] = 0.0
        given[:, BLOCK:] = self._states(given[:whole, :BLOCK] @ known.into, self._state, 0)
        after = known.powers[rest] @ given[whole, BLOCK:] + given[whole, :rest] @ known.into[BLOCK - rest :]
        after[np.abs(after) < FORGOTTEN] = 0.0
        self._state = after
        return [(given @ known.outputs[number]).reshape(-1)[:size] for number in outputs]

    def _states(self, added: Array, before: Array, level: int) -> Array:
        """The state before each step and after the last, where each step's input adds a row of ``added`` to it."""
        steps, size = added.shape
        whole, rest = divmod(steps, STEPS)
        matrix, into = self._recursion.level(level)
        given = np.zeros((whole + 1, (STEPS + 1) * size))  # one more, for the state after the last step
        given[:whole, : STEPS * size] = added[: steps - rest].reshape(whole, STEPS * size)
        given[whole, : rest * size] = added[steps - rest :].reshape(-1)
        given[0, STEPS * size :] = before
        if whole:
            given[:, STEPS * size :] = self._states(given[:whole, : STEPS * size] @ into, before, level + 1)
        return np.asarray((given @ matrix).reshape(-1, size)[: steps + 1])


def _state_space(
    sections: Sequence[NDArray[np.float64]], sources: Sequence[int | None]
) -> tuple[Array, Array, Array, Array]:
    """A, b, C and d of the sections, each a chain of two states with one pole each, with an output for each section."""
    size = 2 * len(sections)
    a, b = np.zeros((size, size)), np.zeros(size)
    c, d = np.zeros((len(sections), size)), np.zeros(len(sections))
    for number, (section, source) in enumerate(zip(sections, sources, strict=True)):
        p, q = _real_poles(section)
        b0, b1, b2 = section[:3]
        first, second = 2 * number, 2 * number + 1
        given, straight = (np.zeros(size), 1.0) if source is None else (c[source], d[source])
        a[first], b[first] = given, straight
        a[first, first], a[second, first], a[second, second] = p, 1.0, q
        # b0 + b1 z + b2 z^2 over (1 - p z)(1 - q z) is b0 + c1 z / (1 - p z) + c2 z^2 / ((1 - p z)(1 - q z)).
        c1 = b1 + b0 * (p + q)
        c[number], d[number] = b0 * given, b0 * straight
        c[number, first] += c1
        c[number, second] += b2 - b0 * p * q + c1 * q
    seen = [n for n in range(size) if c[:, n].any()]
    return a[np.ix_(seen, seen)], b[seen], c[:, seen], d


def _real_poles(section: NDArray[np.float64]) -> tuple[float, float]:
    """The poles, greater first."""
    middle, square = -section[4] / 2, section[4] ** 2 / 4 - section[5]
    if square < COMPLEX:
        raise InvalidValue("a recursion by blocks has real poles", section.tolist())
    apart = math.sqrt(max(0.0, square))
    return float(middle + apart), float(middle - apart)


def _powers(matrix: Array, last: int) -> list[Array]:
    powers = [np.eye(len(matrix))]
    for _ in range(last):
        powers.append(powers[-1] @ matrix)
    return powers


def _block_matrix(powers: list[Array], b: Array, c: Array, d: float) -> Array:
    """From the samples of a block and the state before it, (BLOCK + states), to the block of one output, (BLOCK)."""
    response = np.array([d, *(c @ powers[n] @ b for n in range(BLOCK - 1))])
    matrix = np.zeros((BLOCK + b.size, BLOCK))
    for n in range(BLOCK):
        matrix[n, n:] = response[: BLOCK - n]
        matrix[BLOCK:, n] = c @ powers[n]
    return matrix


def _step_matrices(powers: list[Array]) -> tuple[Array, Array]:
    size = len(powers[0])
    matrix = np.zeros(((STEPS + 1) * size, STEPS * size))
    for after in range(STEPS):
        columns = slice(after * size, (after + 1) * size)
        matrix[STEPS * size :, columns] = powers[after].T
        for step in range(after):
            matrix[step * size : (step + 1) * size, columns] = powers[after - 1 - step].T
    return matrix, np.concatenate([powers[STEPS - 1 - step].T for step in range(STEPS)])

"""Outcomes rest on something, or are "not verifiable"."""

from __future__ import annotations

import itertools

import pytest

from clairvoie.boundary.incident import Basis, Outcome, check_outcome
from clairvoie.errors import InvalidValue


@pytest.mark.parametrize(("outcome", "basis"), list(itertools.product(Outcome, Basis)))
def test_only_not_verifiable_needs_no_basis(outcome: Outcome, basis: Basis) -> None:
    if basis is Basis.NONE and outcome is not Outcome.NOT_VERIFIABLE:
        with pytest.raises(InvalidValue, match="without a basis"):
            check_outcome(outcome, basis)
    else:
        check_outcome(outcome, basis)

"""Fixtures for every room. What a machine may lack is skipped with its reason, but never where ``CI=true``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(reason: str) -> None:
    """Skip this test because ``reason``; in continuous integration, where nothing may be missing, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true forbids skipping")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the project."""
    return REPOSITORY


@pytest.fixture(scope="session")
def needs_shared() -> Path:
    """The folder of real recordings beside the repository, or the test is skipped."""
    if not (SHARED_DATA / "sounds" / "labels.csv").is_file():
        missing(f"the recordings are not beside the repository, in {SHARED_DATA.relative_to(REPOSITORY.parent)}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def shared_data(needs_shared: Path) -> Path:
    """The same folder, by the name of what it holds."""
    return needs_shared


@pytest.fixture(scope="session")
def needs_chromium() -> str:
    """The path of Debian's Chromium, or the test is skipped."""
    found = next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing("Chromium is not installed (Debian: apt-get install chromium)")
        raise AssertionError
    return found


@pytest.fixture(scope="session")
def needs_torch() -> None:
    """PyTorch, which only `make lab` installs, or the test is skipped."""
    import importlib.util

    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnx") is None:
        missing("torch and onnx are not installed (make lab)")


@pytest.fixture(scope="session")
def needs_speech() -> str:
    """The path of espeak-ng, which speaks test sentences, or the test is skipped."""
    found = shutil.which("espeak-ng")
    if found is None:
        missing("espeak-ng is not installed (Debian: apt-get install espeak-ng)")
        raise AssertionError
    return found

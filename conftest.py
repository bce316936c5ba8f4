"""For all tests: which doctests are collected, and how hypothesis looks for counterexamples.

Doctests of the package are collected too, but not those of files that need torch where it is missing. A property never
fails for being slow. Everyone searches anew at each run; continuous integration repeats the same search, so that a
change is judged by what it changed.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import hypothesis

hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True)
hypothesis.settings.load_profile("repeat" if os.environ.get("CI") == "true" else "search")

LABORATORY = Path(__file__).parent / "src" / "clairvoie" / "lab"
NEEDS_TORCH = re.compile(r"^(import|from) (torch|onnx)\b", re.MULTILINE)

collect_ignore: list[str] = []
if importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnx") is None:
    collect_ignore = [
        str(path) for path in LABORATORY.rglob("*.py") if NEEDS_TORCH.search(path.read_text(encoding="utf-8"))
    ]

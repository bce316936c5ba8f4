"""Doctests of the package are collected too, but not those of files that need torch where it is missing."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

LABORATORY = Path(__file__).parent / "src" / "clairvoie" / "lab"
NEEDS_TORCH = re.compile(r"^(import|from) (torch|onnx)\b", re.MULTILINE)

collect_ignore: list[str] = []
if importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnx") is None:
    collect_ignore = [
        str(path) for path in LABORATORY.rglob("*.py") if NEEDS_TORCH.search(path.read_text(encoding="utf-8"))
    ]

"""What runs here, by hash: the installed package and the recogniser's weights.

Both digests are made from files on this disk by the program that they describe: an honest program's word. Whoever does
not believe it compares the disk from outside (``clairvoie inspect``).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
WEIGHTS = PACKAGE / "detect" / "sound" / "models" / "street.onnx"


def software_digest(package: Path = PACKAGE) -> str:
    """SHA-256, in hexadecimal, over the files of the package, compiled ones left out.

    For each file, sorted by its path with ``/``: the path in UTF-8, a zero byte, and the SHA-256 of its content.
    """
    digest = hashlib.sha256()
    found = {path.relative_to(package).as_posix(): path for path in package.rglob("*") if path.is_file()}
    for name in sorted(name for name in found if "__pycache__" not in name and not name.endswith(".pyc")):
        digest.update(name.encode() + b"\0" + hashlib.sha256(found[name].read_bytes()).digest())
    return digest.hexdigest()


def model_digest(weights: Path = WEIGHTS) -> str:
    """SHA-256, in hexadecimal, of the recogniser's weights."""
    return hashlib.sha256(weights.read_bytes()).hexdigest()

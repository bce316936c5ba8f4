"""A node's disk as an inspector mounts it: settings, key, charter, and an installation with its record."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from pathlib import Path

from clairvoie.egress.key import node_key, public_digits
from clairvoie.software import PACKAGE

SETTINGS = """
deployment = "quai"
node = "lamp-1"
hub = "http://127.0.0.1:8750"
key = "/var/lib/clairvoie/node.pem"
state = "state"
charter = "charter.json"

[[sensors]]
id = "mic-1"
calibration = 120
microphone = { device = "hw:1,0" }
"""
INSTALLED = ("__init__.py", "boundary/life.py", "detect/sound/models/street.onnx", "egress/gate.py")
"""A few files stand for the package: digests do not care how many there are."""


class MountedDisk:
    """Below ``root``: ``etc/clairvoie`` with the settings, and ``site-packages``."""

    def __init__(self, root: Path, charter: bytes) -> None:
        self.root = root
        self.settings = root / "etc" / "clairvoie" / "node.toml"
        self.settings.parent.mkdir(parents=True)
        self.settings.write_text(SETTINGS)
        (self.settings.parent / "charter.json").write_bytes(charter)
        self.key = root / "var" / "lib" / "clairvoie" / "node.pem"
        self.key.parent.mkdir(parents=True)
        self.public = public_digits(node_key(self.key))
        self.site = root / "site-packages"
        self.package = self.site / "clairvoie"
        for name in INSTALLED:
            (self.package / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PACKAGE / name, self.package / name)
        self.record()

    def record(self) -> None:
        """Write what an installer writes: a digest of each file."""
        folder = self.site / "clairvoie-1.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: clairvoie\nVersion: 1\n")
        lines = []
        for name in INSTALLED:
            data = (self.package / name).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"clairvoie/{name},sha256={digest},{len(data)}\n")
        (folder / "RECORD").write_text("".join([*lines, "clairvoie-1.dist-info/RECORD,,\n"]))

    def wheel(self, path: Path) -> Path:
        """A wheel of what is installed now."""
        with zipfile.ZipFile(path, "w") as archive:
            for name in INSTALLED:
                archive.write(self.package / name, f"clairvoie/{name}")
        return path

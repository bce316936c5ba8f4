"""Complete the bill of materials and check that every licence in it goes with EUPL-1.2.

``cyclonedx-py`` lists the Python packages of the run-time environment. This adds what that list cannot know: the files
of the desk that come from npm, and the shared libraries that some wheels carry inside. Then each licence expression
must be satisfiable with the licences in ``ALLOWED``; otherwise the command names the offender and fails.

    python tools/bill_of_materials.py build/environment.cdx.json dist/clairvoie.cdx.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from license_expression import AND, ExpressionError, LicenseSymbol, LicenseWithExceptionSymbol, get_spdx_licensing

VENDOR = Path(__file__).resolve().parents[1] / "src" / "clairvoie" / "views" / "static" / "vendor"

PERMISSIVE = "permissive: asks for its notice, which every wheel carries, and sets no condition on our work"
APPENDIX = "named in the appendix of EUPL-1.2 as a compatible licence; used unmodified, as a library of its own"
NOTICE_ONLY = """0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause CC0-1.0 FTL HPND IJG ISC libpng-2.0 libtiff MIT MIT-0 MIT-CMU
PSF-2.0 Python-2.0 Unlicense Zlib"""
COMPATIBLE = """EUPL-1.2 MPL-2.0 LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later GPL-2.0-or-later
GPL-3.0-or-later"""
ALLOWED = {
    **dict.fromkeys(NOTICE_ONLY.split(), PERMISSIVE),
    **dict.fromkeys(COMPATIBLE.split(), APPENDIX),
    "GPL-3.0-or-later WITH GCC-exception-3.1": "run-time library of GCC; its exception sets no condition on our work",
}
"""SPDX identifier -> why it goes with EUPL-1.2."""

CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""What older packages say instead of an SPDX identifier."""

SAID_ELSEWHERE = {"protobuf": ("BSD-3-Clause", 'its metadata says "3-Clause BSD License", in words')}
"""Packages whose licence is stated only where ``cyclonedx-py`` does not look."""

CARRIED = (
    ("av", "FFmpeg", "LGPL-3.0-or-later"),
    ("av", "x264", "GPL-2.0-or-later"),
    ("av", "x265", "GPL-2.0-or-later"),
    ("av", "GnuTLS, Nettle, GMP, libunistring", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
    ("av", "LAME, libasound", "LGPL-2.1-or-later"),
    ("av", "dav1d, libvpx, Opus, SVT-AV1, libwebp", "BSD-3-Clause"),
    ("shapely", "GEOS", "LGPL-2.1-or-later"),
    ("numpy", "OpenBLAS", "BSD-3-Clause"),
    ("numpy", "libgfortran, libquadmath", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("scipy", "OpenBLAS", "BSD-3-Clause"),
    ("scipy", "libgfortran, libquadmath", "GPL-3.0-or-later WITH GCC-exception-3.1"),
    ("pillow", "FreeType, libjpeg-turbo, libpng, libtiff", "FTL AND IJG AND libpng-2.0 AND libtiff"),
)
"""Wheel -> shared libraries inside it and their licences, read off the wheels' ``*.libs`` folders in November 2026."""

_licensing = get_spdx_licensing()


def is_allowed(expression: str) -> bool:
    """Whether some choice that ``expression`` offers consists of allowed licences only."""
    try:
        parsed = _licensing.parse(expression, validate=True, strict=True)
    except ExpressionError:
        return False
    return parsed is not None and _satisfiable(parsed)


def _satisfiable(node: Any) -> bool:
    if isinstance(node, LicenseSymbol | LicenseWithExceptionSymbol):
        return node.render() in ALLOWED
    return (all if isinstance(node, AND) else any)(_satisfiable(part) for part in node.args)


def expression_of(component: dict[str, Any]) -> str:
    """The licence expression of a component; empty when it states none."""
    if component["name"] in SAID_ELSEWHERE:
        return SAID_ELSEWHERE[component["name"]][0]
    said: list[str] = []
    for entry in component.get("licenses", []):
        licence = entry.get("license", {})
        text = entry.get("expression") or licence.get("id") or licence.get("name") or ""
        said.append(CLASSIFIERS.get(text, text))
    return " AND ".join(f"({text})" for text in dict.fromkeys(said))


def frontend_components() -> list[dict[str, Any]]:
    """The npm packages whose files the desk loads, from the manifest that the build hook wrote."""
    manifest = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    return [
        {
            "type": "library",
            "bom-ref": f"npm:{name}",
            "name": name,
            "version": said["version"],
            "purl": f"pkg:npm/{name}@{said['version']}",
            "licenses": [{"license": {"id": said["license"]}}],
        }
        for name, said in manifest["packages"].items()
    ]


def carried_components(present: set[str]) -> list[dict[str, Any]]:
    """The shared libraries inside the wheels that are present."""
    return [
        {
            "type": "library",
            "bom-ref": f"carried:{wheel}:{name}",
            "name": name,
            "description": f"shared library inside the wheel of {wheel}",
            "licenses": [{"expression": expression}],
        }
        for wheel, name, expression in CARRIED
        if wheel in present
    ]


def main(source: Path, target: Path) -> int:
    """Write ``target``; the number of components whose licence is not allowed is the failure."""
    bill = json.loads(source.read_text(encoding="utf-8"))
    present = {component["name"] for component in bill["components"]}
    bill["components"] += frontend_components() + carried_components(present)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    refused = [
        f"{component['name']} {component.get('version', '')}: {expression_of(component) or 'states no licence'}"
        for component in bill["components"]
        if not is_allowed(expression_of(component))
    ]
    for line in refused:
        print(f"not known to go with EUPL-1.2: {line}", file=sys.stderr)
    print(f"{target}: {len(bill['components'])} components, {len(refused)} with a licence that is not allowed")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))

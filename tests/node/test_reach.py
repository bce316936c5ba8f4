"""What gate, uplink and fetcher reach: each exactly its part, and the same program reaches everything without locks."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clairvoie.config import NodeSensor, NodeSettings, ReplaySource
from clairvoie.egress import landlock
from clairvoie.egress.confining import Confining
from clairvoie.errors import ConfigurationError
from clairvoie.node import reach

pytestmark = pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock")

PROGRAM = """
import encodings.idna, json, os, socket, sys
from clairvoie.egress import sealing
folder, hub, other, profile = sys.argv[1:]
if profile != "NONE":
    sealing.seal(getattr(sealing, profile))

def connect(port):
    socket.create_connection(("127.0.0.1", int(port)), 5).close()

def listen():
    socket.create_server(("127.0.0.1", 0)).close()

attempts = {
    "key": lambda: open(folder + "/node.pem").read(),
    "charter": lambda: open(folder + "/charter.json").read(),
    "memory": lambda: open(folder + "/state-gate/memory.sqlite", "ab").write(b""),
    "reading memory": lambda: open(folder + "/state-gate/memory.sqlite").read(),
    "outbox": lambda: open(folder + "/state/outbox.sqlite", "ab").write(b""),
    "recording": lambda: open(folder + "/street.wav").read(),
    "settings": lambda: open(folder + "/node.toml").read(),
    "write beside": lambda: open(folder + "/new", "w").close(),
    "hub": lambda: connect(hub),
    "another port": lambda: connect(other),
    "listen": listen,
    "exec": lambda: os.posix_spawn("/bin/true", ["true"], {}),
}
found = []
for name, attempt in attempts.items():
    try:
        attempt()
        found.append(name)
    except OSError:
        continue
print(json.dumps(found), flush=True)
os._exit(0)
"""
EVERYTHING = {
    *("key", "charter", "memory", "reading memory", "outbox", "recording", "settings", "write beside"),
    *("hub", "another port", "listen", "exec"),
}


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as hub, socket.create_server(("127.0.0.1", 0)) as other:
        yield hub.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def settings(tmp_path: Path, ports: tuple[int, int]) -> NodeSettings:
    for folder in ("state", "state-gate"):
        (tmp_path / folder).mkdir()
    files = ("state-gate/memory.sqlite", "state/outbox.sqlite", "street.wav", "node.toml")
    for name in ("node.pem", "charter.json", *files):
        (tmp_path / name).write_text("x")
    sensor = NodeSensor(id="mic-1", calibration=120, source=ReplaySource(file="street.wav"))
    hub = f"http://127.0.0.1:{ports[0]}"
    return NodeSettings(
        deployment="town", node="node-1", hub=hub, key="node.pem", state="state", charter="charter.json",
        sensors=(sensor,),
    )  # fmt: skip


def reached(folder: Path, ports: tuple[int, int], profile: str, confining: Confining | None) -> set[str]:
    arguments = [str(folder), *map(str, ports), profile]
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM, *arguments], preexec_fn=confining, capture_output=True, timeout=60
        )
    finally:
        if confining is not None:
            confining.close()
    assert ended.returncode == 0, ended.stderr.decode()
    return set(json.loads(ended.stdout))


@pytest.mark.parametrize(
    ("profile", "confining", "expected"),
    [
        ("NONE", lambda settings, base: None, EVERYTHING),
        ("GATE", reach.of_gate, {"key", "charter", "memory", "reading memory", "outbox"}),
        ("UPLINK", reach.of_uplink, {"charter", "outbox", "hub"}),
        ("FETCHER", lambda settings, base: reach.of_fetcher(settings.hub), {"hub"}),
        ("ANALYSER", lambda settings, base: reach.of_analyser(settings.sensors[0], base), set()),
    ],
)
def test_each_process_reaches_its_part_and_no_more(
    profile: str,
    confining: Callable[[NodeSettings, Path], Confining | None],
    expected: set[str],
    settings: NodeSettings,
    tmp_path: Path,
    ports: tuple[int, int],
) -> None:
    assert reached(tmp_path, ports, profile, confining(settings, tmp_path)) == expected


def test_landlock_alone_leaves_an_analyser_its_recording_and_no_other_file(
    settings: NodeSettings, tmp_path: Path, ports: tuple[int, int]
) -> None:
    found = reached(tmp_path, ports, "NONE", reach.of_analyser(settings.sensors[0], tmp_path))
    assert found == {"recording"}


@pytest.mark.parametrize("what", ["key", "charter"])
def test_a_key_or_a_charter_where_the_uplink_reads_and_writes_is_a_named_error(
    settings: NodeSettings, tmp_path: Path, what: str
) -> None:
    fields = {name: getattr(settings, name) for name in settings.__struct_fields__}
    inside = NodeSettings(**fields | {what: "state/it"})
    with pytest.raises(ConfigurationError, match=f"{what} lies in the folder of its state"):
        reach.of_uplink(inside, tmp_path)

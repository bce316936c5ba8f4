"""What each process of a node may reach beside its own program: files, by what may be done to them, and TCP ports.

| process | files | network |
|---|---|---|
| analyser | its recording, read; or the sound devices | none |
| fetcher | how names are resolved, certificates | its source's port, and 53 |
| gate | its key and the charter, read; its memory; the outbox | none |
| uplink | its TLS files, the charter, names, certificates, read; outbox and ledger check | the hub's port, and 53 |

No process but the gate can read the node's key or touch the gate's memory, and no process that hears sound can write a
file or make a socket.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from clairvoie.config import NodeSensor, NodeSettings
from clairvoie.egress.confining import UNLIMITED, Confining
from clairvoie.egress.landlock import DEVICE, KEEP, READ, Access
from clairvoie.egress.memory import memory_path
from clairvoie.errors import ConfigurationError

SOUND_DEVICES = ("/dev/snd",)
SOUND_SETTINGS = ("/usr/share/alsa", "/etc/asound.conf", "/etc/alsa", "/proc/asound")
NAMES = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/run/systemd/resolve",
)
CERTIFICATES = ("/etc/ssl", "/etc/pki", "/usr/share/ca-certificates")
DOMAIN_PORT = 53
BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Which start of the machine this is: a lease outlives the gate that got it, but no restart of the machine."""
PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


def of_analyser(sensor: NodeSensor, base: Path) -> Confining:
    """For the analyser of ``sensor``; its recording is relative to ``base``."""
    paths: dict[Path, Access] = {}
    if sensor.source is not None:
        paths[base / sensor.source.file] = Access.READ_FILE
    if sensor.microphone is not None:
        paths |= {Path(name): DEVICE for name in SOUND_DEVICES}
        paths |= {Path(name): READ for name in SOUND_SETTINGS}
    return Confining(paths)


def of_fetcher(url: str) -> Confining:
    """For the fetcher of the source at ``url``."""
    return Confining({Path(name): READ for name in (*NAMES, *CERTIFICATES)}, ports=(port_of(url), DOMAIN_PORT))


def of_gate(settings: NodeSettings, base: Path) -> Confining:
    """For the gate. A key that is not there yet will be made, so its folder is open until the next start."""
    key = base / settings.key
    memory = memory_path(base / settings.state).parent
    memory.mkdir(parents=True, exist_ok=True)
    paths = {base / settings.state: KEEP, memory: KEEP, BOOT: Access.READ_FILE}
    if key.exists():
        paths[key] = Access.READ_FILE
    else:
        key.parent.mkdir(parents=True, exist_ok=True)
        paths[key.parent] = KEEP
    if settings.charter is not None:
        paths[base / settings.charter] = Access.READ_FILE
    return Confining(paths, file_bytes=UNLIMITED)


def of_uplink(settings: NodeSettings, base: Path) -> Confining:
    """For the uplink. Raises :class:`ConfigurationError` when the node's key, or the charter, which says whom the gate
    believes, lies where the uplink reads and writes."""
    state = (base / settings.state).resolve()
    for what, name in (("key", settings.key), ("charter", settings.charter)):
        if name is not None and (base / name).resolve().is_relative_to(state):
            raise ConfigurationError(
                f"the node's {what} lies in the folder of its state",
                name,
                "Keep it elsewhere: the uplink writes there.",
            )
    paths = {state: KEEP, **{Path(name): READ for name in (*NAMES, *CERTIFICATES)}}
    if settings.tls is not None:
        files = (settings.tls.certificate, settings.tls.key, settings.tls.authority)
        paths |= {base / name: Access.READ_FILE for name in files}
    if settings.charter is not None:
        paths[base / settings.charter] = Access.READ_FILE
    return Confining(paths, ports=(port_of(settings.hub), DOMAIN_PORT), file_bytes=UNLIMITED)


def port_of(url: str) -> int:
    """The TCP port that an address stands for.

    >>> port_of("rtsp://camera.example/stream"), port_of("http://127.0.0.1:8750")
    (554, 8750)
    """
    parts = urlsplit(url)
    return parts.port or PORTS[parts.scheme]

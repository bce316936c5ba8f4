"""Settings: frozen, read once, and the only place that reads settings files and the environment.

Unknown keys are errors, so that a typing mistake never becomes a silent default. Paths in a file are relative to that
file. The environment is read for nothing but ``CLAIRVOIE_LOG`` (``debug``, ``info``, ``warning``) and, by commands that
speak to people, their language.
"""

from __future__ import annotations

import os
import re
import tomllib
import zoneinfo
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from clairvoie.boundary.hazards import HazardKind, Mode
from clairvoie.boundary.person import Area
from clairvoie.boundary.sensor import Place, Sensor, SensorKind, check_name
from clairvoie.errors import ConfigurationError

Settings = TypeVar("Settings", bound=Struct)
_ALSA_DEVICE = re.compile(r"[A-Za-z0-9_:,.=-]{1,64}")
_STREAM_URL = re.compile(r"(rtsp|rtsps|http|https)://[!-~]{1,500}")
_DOOR = re.compile(r"https://([A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\])(:[0-9]{1,5})?/?")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?/?")


class ReplaySource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recording that stands in for a microphone. ``start`` is the UTC second at which its first sample is played;

    without it all sensors begin together, soon after the last analyser is ready. ``loop`` repeats the file without a
    break in the clock.
    """

    file: str
    loop: bool = False
    start: int | None = None
    channel: int = 1
    raw: str | None = None
    rate: int | None = None
    channels: int = 1
    clock_sigma: float = 0.001


class MicrophoneSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A microphone on this machine: the name of an ALSA device, and how it is read."""

    device: str
    rate: int = 48_000
    channel: int = 1
    channels: int = 1
    clock_sigma: float = 0.005

    def __post_init__(self) -> None:
        if _ALSA_DEVICE.fullmatch(self.device) is None:
            raise ConfigurationError("this is no name of an ALSA device", self.device, "For instance hw:1,0.")
        if not 8000 <= self.rate <= 192_000 or not 1 <= self.channel <= self.channels <= 64:
            raise ConfigurationError(
                "a microphone has a rate, channels, and one of them to read", (self.rate, self.channel, self.channels)
            )


class StreamSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network camera or microphone, whose sound is read: its address, which the fetcher alone connects to."""

    url: str
    channel: int = 1
    clock_sigma: float = 0.5

    def __post_init__(self) -> None:
        if _STREAM_URL.fullmatch(self.url) is None:
            raise ConfigurationError("this is no address of a stream", self.url, "Give rtsp://, http:// or https://.")
        if not 1 <= self.channel <= 64:
            raise ConfigurationError("channels count from 1", self.channel)


class NodeSensor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One microphone of a node, and exactly one of: ``source`` (a recording: the sensor is simulated), ``microphone``,
    ``stream``. ``calibration``: dB SPL of a full-scale sine."""

    id: str
    calibration: float
    source: ReplaySource | None = None
    microphone: MicrophoneSource | None = None
    stream: StreamSource | None = None
    mode: Mode = Mode.TRIAL

    def __post_init__(self) -> None:
        check_name("sensor", self.id)
        given = [source for source in (self.source, self.microphone, self.stream) if source is not None]
        if len(given) != 1:
            raise ConfigurationError("a sensor has exactly one of source, microphone and stream", self.id)
        if not 40 <= self.calibration <= 200:
            raise ConfigurationError(
                "the calibration is not a sound pressure level of a full-scale sine",
                self.calibration,
                "A microphone specified as -26 dBFS at 94 dB SPL has 120.",
            )

    @property
    def simulated(self) -> bool:
        """Whether a recording stands in for it."""
        return self.source is not None


class ClockSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How UTC in a node follows the wall clock: at wall-clock second ``wall`` it is ``start``, then ``speed`` times as
    fast. By default the wall clock itself; anything else is for replays, with ``start`` in the past.

    >>> ClockSettings(start=1_700_000_000, wall=1_800_000_000.0, speed=60.0).utc(1_800_000_001.5)
    1700000090.0
    >>> ClockSettings().wall_of(1_800_000_000.25)
    1800000000.25
    """

    start: int = 0
    wall: float = 0.0
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not 0.01 <= self.speed <= 1000:
            raise ConfigurationError("a replay's clock runs 0.01 to 1000 times as fast", self.speed)

    def utc(self, wall: float) -> float:
        """The node's UTC, in POSIX seconds, at a second of the wall clock."""
        return self.start + (wall - self.wall) * self.speed

    def wall_of(self, utc: float) -> float:
        """The second of the wall clock at which it is ``utc`` in the node."""
        return self.wall + (utc - self.start) / self.speed


class TlsFiles(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PEM files of one end of a mutually authenticated connection: its certificate, its key, and the authority whose
    certificates it accepts."""

    certificate: str
    key: str
    authority: str


class DoorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where nodes come in by mutually authenticated TLS. ``names`` are the host names and addresses by which nodes
    call it: they stand in the hub's certificate for this door, beside ``host`` when that is an address of one machine.
    """

    port: int
    host: str = "127.0.0.1"
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError("there is no such port", self.port, "Give 1 to 65535, or 0 for any free one.")
        if self.host in ("0.0.0.0", "::") and not self.names:
            raise ConfigurationError(
                "nodes need a name for this door", self.host, 'Add names = ["hub.example.org"] to [node_door].'
            )


class DeskTls(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PEM files by which the desk answers on https, and the host names under which it is called."""

    certificate: str
    key: str
    names: tuple[str, ...] = ()


class NodeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node. ``outbox_megabytes`` bounds what is kept while the hub cannot be reached. Without a ``charter`` it never
    has leave to release anything."""

    deployment: str
    node: str
    hub: str
    key: str
    state: str
    sensors: tuple[NodeSensor, ...]
    epoch: int = 0
    outbox_megabytes: int = 256
    clock: ClockSettings = ClockSettings()
    charter: str | None = None
    tls: TlsFiles | None = None

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        check_name("node", self.node)
        if _LOOPBACK.fullmatch(self.hub) is None and (self.tls is None or _DOOR.fullmatch(self.hub) is None):
            raise ConfigurationError(
                "the hub's address is http:// on loopback, or https:// with [tls]",
                self.hub,
                "For instance http://127.0.0.1:8750, or https://hub.example.org:8751 and a [tls] table.",
            )
        if self.clock != ClockSettings() and not all(sensor.simulated for sensor in self.sensors):
            raise ConfigurationError("a live sensor keeps the time of the wall clock", self.node, "Remove [clock].")
        _unique("sensor", [sensor.id for sensor in self.sensors])
        if not self.sensors:
            raise ConfigurationError("a node has at least one sensor", self.node)
        if not 1 <= self.outbox_megabytes <= 1_000_000:
            raise ConfigurationError("outbox_megabytes is out of range", self.outbox_megabytes, "Give 1 to 1000000.")


class EnrolledNode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node that the hub believes: its Ed25519 public key, 64 hexadecimal digits."""

    id: str
    public_key: str
    epoch: int = 0

    def __post_init__(self) -> None:
        check_name("node", self.id)
        if len(self.public_key) != 64 or set(self.public_key) - set("0123456789abcdef"):
            raise ConfigurationError(
                "a public key is 64 lower-case hexadecimal digits",
                self.public_key,
                "`clairvoie node CONFIG --public-key` prints it.",
            )


class Retention(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days each thing is kept. Figures without persons may live longer than what describes an event."""

    levels_days: int = 365
    detections_days: int = 90
    incidents_days: int = 365
    records_days: int = 90

    def __post_init__(self) -> None:
        for name in ("levels_days", "detections_days", "incidents_days", "records_days"):
            if not 1 <= getattr(self, name) <= 36_500:
                raise ConfigurationError(f"retention.{name} is out of range", getattr(self, name), "Give 1 to 36500.")


class AirSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The air when bangs are located: °C, m/s to the east and north, their standard uncertainties. The hub checks."""

    temperature: float = 15.0
    wind_east: float = 0.0
    wind_north: float = 0.0
    temperature_uncertainty: float = 8.0
    wind_uncertainty: float = 2.5


class HubSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hub. Without a ``charter`` it takes nothing from any sensor.

    ``sensors`` and ``nodes`` are simulated ones; a real sensor comes by signed acts in the folder ``lives``, which is
    watched while the hub runs (``clairvoie sensor``). With a ``node_door`` nodes come in there and nowhere else, and
    without one on loopback without TLS only.

    ``authorisations`` is the folder of signed acts, watched while the hub runs; ``keys`` that of the hub's own keys for
    leases and checkpoints; ``ledger`` that of the published log. ``accounts`` is ``required``, or ``exercise``: nobody
    signs in, which only an exercise on loopback with simulated sensors may ask for. ``areas`` are parts of the
    deployment to which accounts may be confined.
    """

    deployment: str
    place: str
    time_zone: str
    store: str
    sensors: tuple[Sensor, ...] = ()
    nodes: tuple[EnrolledNode, ...] = ()
    exercise: bool = False
    language: str = "fr"
    host: str = "127.0.0.1"
    port: int = 8750
    map: str | None = None
    silent_after: float = 15.0
    group_seconds: float = 5.0
    group_metres: float = 300.0
    retention: Retention = Retention()
    air: AirSettings = AirSettings()
    charter: str | None = None
    authorisations: str = "authorisations"
    keys: str = "keys"
    ledger: str = "ledger"
    accounts: str = "required"
    areas: tuple[Area, ...] = ()
    lives: str = "lives"
    node_door: DoorSettings | None = None
    tls: DeskTls | None = None

    def __post_init__(self) -> None:
        check_name("deployment", self.deployment)
        real = [sensor.id for sensor in self.sensors if not sensor.simulated]
        if real:
            raise ConfigurationError(
                "settings list simulated sensors only (simulated = true)",
                ", ".join(real),
                "Enrol a real one with a signed act: `clairvoie sensor enrol`.",
            )
        _unique("sensor", [sensor.id for sensor in self.sensors])
        _unique("node", [node.id for node in self.nodes])
        if self.host not in ("127.0.0.1", "::1", "localhost") and self.tls is None:
            raise ConfigurationError(
                "without TLS the desk listens on loopback only", self.host, "Use 127.0.0.1, or add a [tls] table."
            )
        for name, most in (("silent_after", 3600.0), ("group_seconds", 60.0), ("group_metres", 5000.0)):
            if not 0 < getattr(self, name) <= most:
                raise ConfigurationError(f"{name} is out of range", getattr(self, name), f"Give up to {most:g}.")
        if not 0 <= self.port <= 65_535:
            raise ConfigurationError("there is no such port", self.port, "Give 1 to 65535, or 0 for any free one.")
        _unique("area", [area.id for area in self.areas])
        self._check_accounts()
        if self.language not in ("fr", "en"):
            raise ConfigurationError("the desk speaks fr and en", self.language)
        if self.time_zone not in zoneinfo.available_timezones():
            raise ConfigurationError("no such IANA time zone", self.time_zone, "For instance Europe/Paris.")
        known = {node.id for node in self.nodes}
        for sensor in self.sensors:
            if sensor.node not in known:
                raise ConfigurationError(f"sensor {sensor.id} speaks through a node that is not listed", sensor.node)

    def _check_accounts(self) -> None:
        if self.accounts not in ("required", "exercise"):
            raise ConfigurationError("accounts are required, or exercise", self.accounts)
        loopback = self.host in ("127.0.0.1", "::1", "localhost") and self.node_door is None
        if self.accounts == "exercise" and not (self.exercise and loopback and all(s.simulated for s in self.sensors)):
            raise ConfigurationError(
                'accounts = "exercise" is for an exercise on loopback with simulated sensors and no node door',
                self.deployment,
                "Leave it out, and make accounts: `clairvoie account create`.",
            )


def _unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(f"each {what} is listed once", ", ".join(twice))


def read_settings(path: Path, kind: type[Settings]) -> Settings:
    """The settings in the TOML file ``path``. Errors name the file, the key and the value."""
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError("there is no such settings file", str(path), "Check the path.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the settings file cannot be read ({error})", str(path)) from error
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"a setting is wrong ({error})", str(path), "Correct that key.") from error


def log_level() -> str:
    """The level of the log, from ``CLAIRVOIE_LOG``."""
    return os.environ.get("CLAIRVOIE_LOG", "info")


def preferred_language() -> str:
    """``fr`` or ``en``: the environment's language (``LC_ALL``, ``LC_MESSAGES``, ``LANG``, the first that is set)."""
    found = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "fr" if found.lower().startswith("fr") else "en"


def one_thread_of_arithmetic() -> None:
    """Have this process's linear algebra use one thread, unless the environment says otherwise. To be called before
    numpy is imported: on sums as small as those of sound, more threads only wait for one another."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def child_environment() -> dict[str, str]:
    """The environment of a node's processes: no telemetry of onnxruntime, and one thread of arithmetic each."""
    return {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


__all__ = [
    "ClockSettings",
    "DeskTls",
    "DoorSettings",
    "EnrolledNode",
    "HazardKind",
    "HubSettings",
    "MicrophoneSource",
    "NodeSensor",
    "NodeSettings",
    "Place",
    "ReplaySource",
    "Retention",
    "Sensor",
    "SensorKind",
    "StreamSource",
    "child_environment",
    "log_level",
    "one_thread_of_arithmetic",
    "preferred_language",
    "read_settings",
]

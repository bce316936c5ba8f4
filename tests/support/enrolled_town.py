"""A town in a folder: a hub's settings with its charter and keys, and nodes that ask to be enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner, Result

from clairvoie.cli import app
from clairvoie.lab.leave import Leave, exercise_authorisation, make_leave, write_leave

HUB = """
deployment = "town"
place = "Town"
time_zone = "Europe/Paris"
store = "hub.sqlite"
charter = "charter.json"
port = 0
accounts = "{accounts}"
exercise = true
{more}
"""
NODE = """
deployment = "town"
node = "{node}"
hub = "{hub}"
key = "signing-{epoch}.pem"
epoch = {epoch}
state = "state"
charter = "charter.json"
tls = {{ certificate = "node.crt", key = "connection.pem", authority = "authority.crt" }}
{clock}
[[sensors]]
id = "{sensor}"
calibration = 120
mode = "exercise"
source = {source}
"""
LIST = "sensor,node,kind,latitude,longitude,height,place,hardware,calibration,calibrated\n"


@dataclass
class Town:
    """The folder, with everybody's keys in ``leave``."""

    folder: Path
    leave: Leave

    @classmethod
    def at(
        cls, folder: Path, *, sensors: tuple[str, ...] = ("mic-0",), more: str = "", accounts: str = "exercise"
    ) -> Town:
        folder.mkdir(parents=True, exist_ok=True)
        leave = make_leave("town")
        write_leave(folder, leave, [leave.signed(exercise_authorisation("town", sensors))])
        (folder / "hub.toml").write_text(HUB.format(more=more, accounts=accounts))
        return cls(folder, leave)

    @property
    def key(self) -> Path:
        return self.folder / "keys" / "technician.pem"

    def node(
        self, number: int, *, hub: str = "https://127.0.0.1:8751", epoch: int = 0, clock: str = "",
        source: str = '{ file = "street.wav" }',
    ) -> Path:  # fmt: skip
        """Settings of a node with one microphone, in a folder of its own."""
        folder = self.folder / f"node-{number}"
        folder.mkdir(exist_ok=True)
        config = folder / "node.toml"
        fields = {"node": f"lamp-{number}", "sensor": f"mic-{number}"}
        config.write_text(NODE.format(hub=hub, epoch=epoch, clock=clock, source=source, **fields))
        return config

    def request(self, number: int, name: str = "request.json", **settings: object) -> Path:
        """The request of a node, its keys made in its folder."""
        config = self.node(number, **settings)  # type: ignore[arg-type]
        file = config.parent / name
        self.done("request", str(config), str(file))
        return file

    def list_of(self, numbers: range, name: str = "list.csv") -> Path:
        rows = [
            f'mic-{n},lamp-{n},microphone,{48 + n / 1000},2.35,4.5,"Rue, {n}",MEMS,120,2026-11-02\n' for n in numbers
        ]
        path = self.folder / name
        path.write_text(LIST + "".join(rows))
        return path

    def enrol(self, numbers: range) -> None:
        """Enrol these nodes with a microphone each."""
        requests = [str(self.request(n)) for n in numbers]
        self.done(
            "enrol", *requests, "--csv", str(self.list_of(numbers)), *self.signing, "--bundles", str(self.bundles)
        )

    def lead_to_active(self, *sensors: str) -> None:
        for sensor in sensors:
            self.done("install", sensor, *self.signing)
        for state in ("commissioned", "active"):
            self.done("state", *sensors, state, *self.signing)

    @property
    def bundles(self) -> Path:
        return self.folder / "bundles"

    @property
    def signing(self) -> tuple[str, ...]:
        return ("--key", str(self.key), *self.hub)

    @property
    def hub(self) -> tuple[str, ...]:
        return ("--hub", str(self.folder / "hub.toml"))

    def acts(self) -> int:
        return len(list((self.folder / "lives").glob("*.json")))

    def try_to(self, *words: str) -> Result:
        """One command of ``clairvoie sensor``."""
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["sensor", *words])

    def done(self, *words: str) -> str:
        """One command that succeeds; what it printed."""
        result = self.try_to(*words)
        assert result.exit_code == 0, (words, result.output, result.exception)
        return result.output

    def refused(self, *words: str) -> str:
        """One command that is refused and changes nothing; its one line."""
        before = self.acts()
        result = self.try_to(*words)
        assert result.exit_code == 1, result.output
        assert self.acts() == before
        return f"{result.exception}\n{result.stderr}"

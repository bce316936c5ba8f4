"""``clairvoie ledger verify|prove|witness``: check a published log with nothing but public keys.

Exit status of ``verify``: 0 everything is as it must be, 1 something is not (each place on a line of its own), 2 a
mistake in the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clairvoie.oversight.checkpoint import NoteKey
    from clairvoie.oversight.report import Report
    from clairvoie.oversight.tree import Source, Trust

MOST_FAULTS = 20

ledger = typer.Typer(
    name="ledger",
    help="The public ledger: verify it, prove one entry, be a witness.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
Key = Annotated[
    str | None, typer.Option("--key", help="The log's verifier key, name+id+base64; the desk shows it.", metavar="VKEY")
]
CharterFile = Annotated[
    Path | None, typer.Option("--charter", help="The deployment's charter: the log's key, and its witnesses'.")
]
WitnessKeys = Annotated[
    list[str] | None, typer.Option("--witness-key", help="A witness's verifier key; may be repeated.", metavar="VKEY")
]


class Keys:
    """Whom to believe, for each epoch of one deployment's log."""

    def __init__(self, key: str | None, charter: Path | None, witness_keys: list[str] | None) -> None:
        from clairvoie.boundary.charter import decode_charter
        from clairvoie.errors import ConfigurationError
        from clairvoie.oversight.checkpoint import NoteKey, origin_of
        from clairvoie.oversight.witnesses import key_of

        if (key is None) == (charter is None):
            raise typer.BadParameter("give either --key or --charter")
        witnesses = [NoteKey.parse(text) for text in witness_keys or ()]
        self.needed = 0
        self.strict = charter is not None
        if charter is not None:
            try:
                found = decode_charter(charter.read_bytes())
            except OSError as error:
                raise ConfigurationError(f"the charter cannot be read ({error.strerror})", str(charter)) from error
            self.base, self.public = origin_of(found.deployment, 0).rpartition("/")[0], bytes.fromhex(found.ledger)
            witnesses += [key_of(witness) for witness in found.witnesses]
            self.needed = found.witness_threshold
        else:
            log = NoteKey.parse(key or "")
            self.base, self.public = log.name.rpartition("/")[0], log.public
        self.witnesses: tuple[NoteKey, ...] = tuple(witnesses)

    def trust(self, checkpoint: bytes | None) -> Trust:
        """The key of the epoch that a checkpoint says it is of; the signature binds what it says."""
        from clairvoie.oversight.checkpoint import ED25519, NoteKey
        from clairvoie.oversight.tree import Trust

        origin = (checkpoint or b"").split(b"\n", 1)[0].decode("utf-8", errors="replace")
        base, _, epoch = origin.rpartition("/")
        name = origin if base == self.base and epoch.isdecimal() else f"{self.base}/0"
        log = NoteKey(name=name, kind=ED25519, public=self.public)
        return Trust(log=log, witnesses=self.witnesses, strict=self.strict)


@ledger.command()
def verify(
    log: Annotated[str, typer.Argument(help="A folder, an address, or a file that `prove` wrote.", show_default=False)],
    key: Key = None,
    charter: CharterFile = None,
    witness_key: WitnessKeys = None,
    witnesses: Annotated[
        int | None, typer.Option(help="How many witnesses must have cosigned; without it the charter says.", min=0)
    ] = None,
    entry: Annotated[int | None, typer.Option(help="Only this entry, counted from 0.", min=0)] = None,
    since: Annotated[Path | None, typer.Option(help="Only what is new since this checkpoint, a file you kept.")] = None,
) -> None:
    """Verify a published log: all of it, one entry, or what is new since a checkpoint that you kept.

    Everything is computed anew from the files; what is believed is the keys that you give. A hub's log has an epoch for
    each time that its store was restored; all of them are verified.
    """
    from clairvoie.oversight.mirror import logs_in, strangers
    from clairvoie.oversight.proof import HEADER, verify_proof

    keys = Keys(key, charter, witness_key)
    if entry is not None and since is not None:
        raise typer.BadParameter("give either --entry or --since")
    if Path(log).is_file():
        data = Path(log).read_bytes()
        if not data.startswith(HEADER.encode()):
            raise typer.BadParameter(f"{log} is neither a folder, nor an address, nor a proof")
        reports = [(log, verify_proof(data, keys.trust(data.partition(b"\n\n")[2])))]
    else:
        logs = list(logs_in(log))
        for path in strangers(log, len(logs)):
            typer.echo(f"note: {path} is not part of the log and was not verified")
        reports = _checked(logs[-1:] if entry is not None else logs, keys, entry, since)
    needed = keys.needed if witnesses is None else witnesses
    sound = [_tell(place, report, needed, len(keys.witnesses)) for place, report in reports]
    if not all(sound):
        raise typer.Exit(1)


def _checked(
    logs: list[tuple[str, Source]], keys: Keys, entry: int | None, since: Path | None
) -> list[tuple[str, Report]]:
    """A report on each log; with ``since``, on the epoch of the checkpoint that was kept and on those after it."""
    from clairvoie.oversight.report import check_succession
    from clairvoie.oversight.verify import verify_entry, verify_log, verify_since

    kept = None if since is None else _read_kept(since)
    places: list[str] = []
    reports: list[Report] = []
    for place, source in logs:
        checkpoint = source.read("checkpoint")
        trust = keys.trust(checkpoint)
        if entry is not None:
            report = verify_entry(source, trust, entry)
        else:
            own = kept is not None and kept.split(b"\n")[0] == (checkpoint or b"").split(b"\n")[0]
            if kept is not None and not own and not reports and place != logs[-1][0]:
                continue  # an epoch before the one that was kept
            with _progress(source) as progress:
                if kept is not None and not reports:
                    report = verify_since(source, trust, kept, progress)
                else:
                    report = verify_log(source, trust, progress)
        places.append(place)
        reports.append(report)
    return list(zip(places, check_succession(reports), strict=True))


def _read_kept(path: Path) -> bytes:
    from clairvoie.errors import ConfigurationError

    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the checkpoint cannot be read ({error.strerror})", str(path)) from error


@contextmanager
def _progress(source: Source) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    lines = (source.read("checkpoint") or b"").split(b"\n")
    total = int(lines[1]) if len(lines) > 1 and lines[1].isdigit() and len(lines[1]) < 20 else None
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("entries", total=total)
        yield lambda done: bar.update(task, completed=done)


def _tell(place: str, report: Report, needed: int, known: int) -> bool:
    """Print what one log is worth; whether it is sound."""
    from clairvoie.oversight.checkpoint import encode_base64

    for fault in report.faults[:MOST_FAULTS]:
        typer.echo(f"FAULT {place}: {fault}")
    if len(report.faults) > MOST_FAULTS:
        typer.echo(f"FAULT {place}: and {len(report.faults) - MOST_FAULTS} more")
    for notice in report.notices[:MOST_FAULTS]:
        typer.echo(f"note: {notice}")
    if report.faults:
        return False
    typer.echo(f"{report.origin}: {report.size} entries, root {encode_base64(report.root)}")
    typer.echo(
        f"  verified: {report.entries} entries, {report.minutes} minutes with {report.records} records, "
        f"{report.acts} published acts"
    )
    if report.cosigners:
        typer.echo(f"  cosigned by {', '.join(report.cosigners)}")
    doubt = doubt_of_one_view(len(report.cosigners), needed, known)
    if doubt:
        typer.echo(f"  split view not excluded: {doubt}")
    return len(report.cosigners) >= needed


def doubt_of_one_view(cosigned: int, needed: int, known: int) -> str:
    """Why two readers could have been shown different logs; empty when at least one honest witness saw both.

    >>> doubt_of_one_view(2, 2, 3), doubt_of_one_view(1, 1, 3)
    ('', 'two separate sets of 1 of the 3 witnesses could each have cosigned another log')
    """
    if not needed:
        return "no witness is asked for" if known else "no witness is known"
    if cosigned < needed:
        return f"{cosigned} of {needed} witnesses cosigned"
    if 2 * needed <= known:
        return f"two separate sets of {needed} of the {known} witnesses could each have cosigned another log"
    return ""


@ledger.command()
def prove(
    index: Annotated[int, typer.Argument(metavar="ID", help="The entry, counted from 0.", min=0, show_default=False)],
    log: Annotated[str, typer.Argument(help="A folder or an address of a published log.", show_default=False)],
    key: Key = None,
    charter: CharterFile = None,
    output: Annotated[Path | None, typer.Option(help="Write the proof there instead of to stdout.")] = None,
) -> None:
    """Write a proof that an entry is in the log; `clairvoie ledger verify FILE` reads it, without the log."""
    from clairvoie.oversight.mirror import logs_in
    from clairvoie.oversight.proof import prove as proof_of

    keys = Keys(key, charter, None)
    _, source = list(logs_in(log))[-1]
    data = proof_of(source, keys.trust(source.read("checkpoint")), index).encode()
    if output is None:
        typer.echo(data.decode(), nl=False)
    else:
        output.write_bytes(data)


@ledger.command()
def witness(
    name: Annotated[str, typer.Argument(help="The witness's key name, for instance ville.example/witness.")],
    private_key: Annotated[Path, typer.Option("--private-key", help="Its Ed25519 key, PKCS #8 PEM; made if missing.")],
    state: Annotated[Path, typer.Option(help="The file in which it remembers what it cosigned.")],
    log_key: Annotated[list[str], typer.Option("--log-key", help="The log to watch; may be repeated.", metavar="VKEY")],
    port: Annotated[int, typer.Option(help="Listen on this port; 0 takes any free one.")] = 8760,
) -> None:
    """Be a witness on loopback: cosign a neighbour's checkpoints as long as each begins with the one before."""
    from clairvoie.oversight.witness import run_witness

    run_witness(name, private_key, state, log_key, port)

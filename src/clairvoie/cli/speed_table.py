"""The figures of ``clairvoie lab speed`` as text."""

from __future__ import annotations

from clairvoie.lab.speed import GOAL_MS, GOAL_STREAMS, STAGES, Speed
from clairvoie.lab.speed_peers import Peer
from clairvoie.lab.speed_sensor import SensorCost

_HEAD = f"{'':24}" + "".join(f"{stage:>11}" for stage in STAGES) + f"{'all':>9}{'streams a core':>16}"


def speed_text(found: Speed) -> str:
    """Three short tables: streams and peers by stage, decoding, one sensor's process."""
    lines = [
        f"Processor time in ms for a second of one stream, {found.rate} samples a second"
        + (" (--quick: to see that it runs, not to cite)" if found.quick else ""),
        "",
        _HEAD,
    ]
    for load in found.loads:
        lines.append(_row(f"{load.streams} stream{'s' * (load.streams > 1)}", load.stages, load.ms))
    for peer in found.peers:
        lines.append(f"{peer}" if isinstance(peer, str) else _row(peer.name, peer.stages, peer.ms))
    best = found.best
    met = "reached" if best.ms <= GOAL_MS else "missed"
    lines += [
        "",
        f"Goal: {GOAL_STREAMS} streams a core, {GOAL_MS:g} ms: {met}, {best.streams_a_core:.0f} with {best.streams}.",
        *(_against(peer, best.ms) for peer in found.peers if isinstance(peer, Peer)),
        f"A stream keeps {found.kib_a_stream:.0f} KiB from one second to the next. Onsets and detections are left out.",
        _conditions(found),
        "",
        _decoding(found),
        _sensor(found.sensor),
    ]
    return "\n".join(lines)


def _conditions(found: Speed) -> str:
    load = f"load {found.load_before:.1f} before and {found.load_after:.1f} after, on {found.cores} cores"
    return f"Wall clock {found.best.wall_ms:.2f} ms a stream-second; {load}."


def _decoding(found: Speed) -> str:
    each = (one if isinstance(one, str) else f"{one.name} {one.ms:.2f} ms" for one in found.decoding)
    return "Decoding, apart: " + ", ".join(each)


def _row(name: str, stages: dict[str, float], total: float) -> str:
    cells = "".join(f"{stages[stage]:11.3f}" if stage in stages else f"{'–':>11}" for stage in STAGES)
    return f"{name:24}{cells}{total:9.3f}{1000 / total:16.0f}"


def _against(peer: Peer, ms: float) -> str:
    ratio = peer.ms / ms
    faster = f"{ratio:.1f} times the streams" if ratio >= 1 else f"{1 / ratio:.1f} times fewer streams"
    return f"Against {peer.name}: {faster} on a core ({peer.what})."


def _sensor(cost: SensorCost | str) -> str:
    if isinstance(cost, str):
        return f"One sensor's process: {cost}."
    share = "" if cost.proportional_mib is None else f", {cost.proportional_mib:.0f} MiB of it its own share"
    return (
        f"One sensor's process, {len(cost.locks)} locks, at real time for {cost.seconds:.0f} s: "
        f"{1000 * cost.cpu_seconds_a_second:.1f} ms of processor time a second, {cost.resident_mib:.0f} MiB{share}, "
        f"ready {cost.ready_seconds:.1f} s after its start."
    )

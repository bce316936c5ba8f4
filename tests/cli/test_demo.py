"""``clairvoie demo`` and ``clairvoie lab soundscape`` as commands: what they print, write and return."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path


def clairvoie(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clairvoie", *arguments], capture_output=True, text=True, check=False, timeout=300
    )


def test_a_busy_port_ends_it_with_one_line_that_says_what_to_do() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        ended = clairvoie("demo", "--port", str(port))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert f"--port {port + 1}" in ended.stderr


def test_a_recording_that_is_not_there_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    ended = clairvoie("demo", "--port", "0", "--sound", str(tmp_path / "mine.wav"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "mine.wav" in ended.stderr


def test_the_help_says_what_becomes_of_a_persons_recording() -> None:
    shown = " ".join(clairvoie("demo", "--help").stdout.replace("│", " ").split())
    assert "voices included" in shown
    assert "deleted at the end" in shown


def test_a_soundscape_is_written_with_its_ground_truth(tmp_path: Path) -> None:
    out = tmp_path / "scene"
    arguments = ("--seconds", "5", "--rate", "16000", "--sensors", "2", "--events", "glass-breaking@-84,-5@2")
    ended = clairvoie("lab", "soundscape", "--out", str(out), *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("2 recordings of 5 s")
    assert sorted(path.name for path in out.iterdir()) == [
        "claire-voie-12.tsv", "claire-voie-12.wav", "scene.json", "tisserands-3.tsv", "tisserands-3.wav",
    ]  # fmt: skip
    lines = (out / "tisserands-3.tsv").read_text(encoding="utf-8").splitlines()
    assert any(line.endswith("\tglass-breaking") for line in lines)


def test_a_sound_that_does_not_exist_is_refused_with_the_list(tmp_path: Path) -> None:
    ended = clairvoie("lab", "soundscape", "--out", str(tmp_path), "--events", "shouting")
    assert ended.returncode == 1
    assert "no such sound: 'shouting'" in ended.stderr
    assert "glass-breaking" in ended.stderr

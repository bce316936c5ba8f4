"""``clairvoie authorise draft`` as a conversation: through a pipe, stopped and taken up again, and at a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from told import told

from clairvoie.boundary.authorisation import decode_authorisation
from clairvoie.boundary.document import decode_document
from clairvoie.errors import ConfigurationError
from clairvoie.oversight.answers import ending

PIPED = [
    "saint-jean", "", "", "Le maire", "Mesurer le bruit",
    "Arrêté 118", "2026-10-12", "", "",
    "", "Analyse faite", "dpo@example.org", "", "2026-12-01", "2027-06-30", "quai-1 quai-2",
    "48.8566 2.3522; 48.8570 2.3560; 48.8550 2.3570", "", "", "lun-ven 22:00-06:00",
    "oui", "desk", "1", "Vérifier", "1 3", "non",
    "", "", "", "", "", "",
]  # fmt: skip


def test_a_talk_through_a_pipe_makes_an_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = told("draft act.json --language fr", "\n".join(PIPED) + "\n")
    act = decode_authorisation(decode_document(Path("act.json").read_bytes()).body)
    assert (act.authority, act.sensors, act.hazards) == ("Le maire", ("quai-1", "quai-2"), ())
    assert [recipient.name for recipient in act.recipients] == ["desk"]
    assert act.ends == ending("2027-06-30", "Europe/Paris")
    assert "désignées par votre charte" in said
    assert "bris de verre" in said  # the choices are listed in words


@pytest.mark.parametrize("count", [0, 4, 6, 9, 15, 20, 22, 31])
def test_a_talk_that_stops_is_kept_and_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="the answers end too early") as stopped:
        told("draft act.json", "\n".join(PIPED[:count]) + ("\n" if count else ""))
    assert not Path("act.json").exists()
    kept = re.search(r"--from (\S+?)\.$", str(stopped.value))
    assert kept is not None
    answered = Path(kept[1]).read_text(encoding="utf-8")
    if count == 0:
        told(f"draft act.json --from {kept[1]}", "\n".join(PIPED) + "\n")
    elif count >= 31:
        # Everything was said: each question offers what it was told, and each table is kept.
        told(f"draft act.json --from {kept[1]}", "\n" * 60)
    else:
        assert 'deployment = "saint-jean"' in answered
    if count in (0, 31):
        act = decode_authorisation(decode_document(Path("act.json").read_bytes()).body)
        assert (act.authority, len(act.recipients)) == ("Le maire", 1)


def test_an_answer_that_is_not_understood_ends_a_pipe_and_names_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"number: a whole number.*'seven'"):
        told("draft act.json", "saint-jean\nseven\n")


def test_on_a_terminal_what_is_not_understood_is_asked_again(tmp_path: Path) -> None:
    """A real terminal: the program runs on a pty, and is answered when it asks."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "clairvoie", "authorise", "draft", "act.json", "--language", "en"]
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "200"}
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, cwd=tmp_path, env=environment, start_new_session=True
    ) as talk:
        os.close(slave)
        answers = iter(["Saint Jean", *PIPED[:1], "seven", *PIPED[1:]])
        guard = threading.Timer(120, talk.kill)
        guard.start()
        screen = ""
        answered = 0
        try:
            while True:
                try:
                    screen += os.read(master, 4096).decode(errors="replace")
                except OSError:  # the terminal is closed when the program ends
                    break
                if screen.rstrip(" ").endswith((">", "]")) and len(screen) > answered:
                    answer = next(answers, None)
                    if answer is not None:
                        os.write(master, answer.encode() + b"\n")
                        answered = len(screen)
        finally:
            guard.cancel()
            os.close(master)
        assert talk.wait() == 0, screen
    assert "Not understood: “Saint Jean”" in screen
    assert "Not understood: “seven”. Expected: a whole number from 1." in screen
    assert (tmp_path / "act.json").exists()

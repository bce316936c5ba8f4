"""The command as a program: its exit statuses, one line for a named error, and no noise when it is interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import clairvoie
from clairvoie import cli
from clairvoie.__main__ import main
from clairvoie.errors import ClairvoieError


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "clairvoie", *words], capture_output=True, text=True, check=False)


def leave_with(monkeypatch: pytest.MonkeyPatch, trouble: BaseException) -> object:
    """The exit status of ``main`` when the command line raises ``trouble``."""

    def app(**_: object) -> None:
        raise trouble

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"clairvoie {clairvoie.__version__}\n"


def test_help_teaches_with_examples() -> None:
    told = run("--help")
    assert told.returncode == 0
    assert "clairvoie demo" in told.stdout
    assert "clairvoie listen recording.wav" in told.stdout


@pytest.mark.parametrize("words", [("dance",), ("--loud",), ("lab", "dance")])
def test_a_mistake_in_the_command_leaves_with_2(words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_named_error_is_one_line_and_leaves_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ClairvoieError("no such\nthing", "x.wav", "Check the path.")
    assert leave_with(monkeypatch, error) == 1
    assert capsys.readouterr().err == "clairvoie: no such thing: 'x.wav'. Check the path.\n"


def test_an_interruption_leaves_with_130_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave_with(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr() == ("", "")


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        leave_with(monkeypatch, ZeroDivisionError())


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_met_with_silence(
    unbuffered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is still in the buffer when the reader is gone must not become a complaint of the interpreter."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    script = tmp_path / "late.py"
    script.write_text(
        "import sys\n"
        "from clairvoie import cli\n"
        "from clairvoie.__main__ import main\n"
        "cli.app = lambda **_: (sys.stdin.read(), print('a line'))\n"
        "main()\n",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_every_command_is_a_module_of_the_command_line() -> None:
    for name, module in (*cli.COMMANDS, *cli.LAB_COMMANDS):
        assert module == f"clairvoie.cli.{name}"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from clairvoie import cli; "
        "print(sorted({'numpy', 'scipy', 'onnxruntime', 'av', 'fastapi', 'matplotlib', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_interruption_by_signal_is_quiet() -> None:
    """From the outside: SIGINT while the command line waits."""
    code = (
        "import signal, time; from clairvoie import cli; from clairvoie.__main__ import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored\n"
        "cli.app = lambda **_: (print('ready', flush=True), time.sleep(60))\n"
        "main()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == ""

"""Runs a node like ``clairvoie node CONFIG``, with the scripted analyser in the place of the real one.

An argument before CONFIG is how many seconds the node waits for its analysers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from clairvoie.config import NodeSettings, read_settings
from clairvoie.log import set_up_log
from clairvoie.node.launcher import LOAD_SECONDS, Node


def announce(fact: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    config = Path(sys.argv[-1]).resolve()
    patience = float(sys.argv[1]) if len(sys.argv) > 2 else LOAD_SECONDS
    analyser = (sys.executable, str(Path(__file__).with_name("scripted_analyser.py")))
    set_up_log()
    settings = read_settings(config, NodeSettings)
    Node(settings, config.parent, announce, analyser=analyser, load_seconds=patience).run()

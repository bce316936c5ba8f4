"""Serve the fake desk, to look at the pages: ``python tests/support/serve_desk.py --port 18750``.

Its clock follows real time from the fake's standing instant, so that live pages move.
"""

from __future__ import annotations

import argparse
import threading

import uvicorn
from fake_desk import FakeDesk
from fastapi import FastAPI

from clairvoie.boundary.person import Visitors
from clairvoie.oversight.authorisations import not_allowed, sentences, suspension_words
from clairvoie.views import site
from clairvoie.views.disclosing import DisclosingDesk
from clairvoie.views.guard import Guard
from clairvoie.views.wording import Wording


def application(desk: FakeDesk) -> FastAPI:
    """The pages over this desk, as the server would mount them."""
    app = FastAPI()
    app.add_middleware(Guard, callers=Visitors())
    site.mount(app, DisclosingDesk(desk), Wording(sentences, not_allowed, suspension_words))
    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=18750)
    parser.add_argument("--exercise", action="store_true")
    parser.add_argument("--empty", action="store_true")
    options = parser.parse_args()
    desk = FakeDesk(exercise=options.exercise, empty=options.empty)
    stopped = threading.Event()

    def tick() -> None:
        while not stopped.wait(1.0):
            desk.pass_time(1.0)

    threading.Thread(target=tick, daemon=True).start()
    try:
        uvicorn.run(application(desk), host="127.0.0.1", port=options.port, log_level="warning")
    finally:
        stopped.set()


if __name__ == "__main__":
    main()

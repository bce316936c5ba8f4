"""The log of a node's processes: one line an event, on standard error, never on standard output."""

from __future__ import annotations

import logging
import sys

import structlog

from clairvoie.config import log_level
from clairvoie.errors import ConfigurationError

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def set_up_log() -> None:
    """Log to standard error from the level in ``CLAIRVOIE_LOG`` upwards."""
    level = log_level()
    if level not in LEVELS:
        raise ConfigurationError("CLAIRVOIE_LOG is no level of the log", level, f"Give one of {', '.join(LEVELS)}.")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "process", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )

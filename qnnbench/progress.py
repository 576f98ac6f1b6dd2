"""Where the package's log records go while a job runs."""

import logging
import sys
from pathlib import Path


def follow(path: str | Path) -> None:
    """Write every record to ``path``, and those of level INFO to standard error too."""
    lines = logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S")
    log_file = logging.FileHandler(path, mode="w")
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.INFO)
    logger = logging.getLogger("qnnbench")
    logger.setLevel(logging.DEBUG)
    for handler in (log_file, terminal):
        handler.setFormatter(lines)
        logger.addHandler(handler)

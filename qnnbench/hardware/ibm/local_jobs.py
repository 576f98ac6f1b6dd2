"""Jobs on stand-ins: run at once, kept in a file each, as a service would keep them."""

import json
import os
from pathlib import Path
from typing import Any

from qnnbench.results import write_atomically

PREFIX = "local-"


def is_local(job_id: str) -> bool:
    """Whether a job ran on this computer."""
    return job_id.startswith(PREFIX)


def job_id(key: str, device: str) -> str:
    """Return the id of the job of a key."""
    return f"{PREFIX}{device}-{key}"


def keep(key: str, device: str, counts: dict[str, int]) -> str:
    """Store a finished job and return its id."""
    content = json.dumps({"key": key, "device": device, "counts": counts})
    one = job_id(key, device)
    write_atomically(_path(one), lambda path: _write(path, content))
    return one


def kept(job_id: str) -> dict[str, Any] | None:
    """Return "key", "device" and "counts" of a job, None where there is none."""
    path = _path(job_id)
    return json.loads(path.read_text()) if path.exists() else None


def _write(path: Path, content: str) -> None:
    path.write_text(content)


def _path(job_id: str) -> Path:
    """Return the file of a job: ``$XDG_CACHE_HOME/qnnbench/ibm``."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "qnnbench" / "ibm" / f"{job_id}.json"

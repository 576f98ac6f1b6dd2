"""What a study ran with: versions of software, and the commit of its code."""

import platform
import re
import subprocess
from importlib.metadata import requires, version
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of what it depends on, by name."""
    asked = [line for line in requires("qnnbench") or [] if "extra ==" not in line]
    names = sorted(match[0] for line in asked if (match := _NAME.match(line)))
    return {
        "python": platform.python_version(),
        "qnnbench": version("qnnbench"),
        **{name: version(name) for name in names},
    }


def commit(project: Path) -> str:
    """Return the commit of the code, and whether files differ from it; empty outside git.

    Args:
        project: The folder that would hold ``.git``.
    """
    if not (project / ".git").exists():
        return ""
    try:
        head = _git(project, "rev-parse", "HEAD")
        changed = _git(project, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):  # no git, or a folder it refuses to read
        return ""
    return f"{head} with changes" if changed else head


def _git(project: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(project), *command], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()

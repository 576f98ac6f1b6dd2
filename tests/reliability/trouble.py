"""Machines that misbehave: full disks, disks that take no writing, odd dates, two runs."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.studies import PATIENCE_S, hashes, resumed, started, waited

DISK_MB = 3


@dataclass
class Trouble:
    """One thing that went wrong.

    Attributes:
        what: In words.
        answer: The last line that the run said of it; "" where it did not fail.
        is_mended: Whether the study ended like an untroubled one once the cause was gone.
        reason: Why this was not tried; "" where it was.
    """

    what: str
    answer: str = ""
    is_mended: bool | None = None
    reason: str = ""


def full_disk(folder: Path, truth: dict[str, str]) -> Trouble:
    """Run in a file system of 3 MB, then in one with room."""
    what, place = f"disk of {DISK_MB} MB fills up", folder / "small"
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        return Trouble(what, reason="mounting a file system takes root")
    try:
        run = started(place)
        waited(lambda: run.poll() is not None, PATIENCE_S)
        answer = said(place, "space")
        subprocess.run(["mount", "-o", "remount,size=1g", str(place)], check=True)
        return Trouble(what, answer, ends_like(place, truth))
    finally:
        subprocess.run(["umount", str(place)], check=True)


def unwritable(folder: Path, truth: dict[str, str]) -> Trouble:
    """Run with results on a file system that takes no writing, then with one that does."""
    what, place = "results are read-only", folder / "readonly"
    results = place / "results"
    results.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(results)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        return Trouble(what, reason="mounting a file system takes root")
    try:
        run = started(place)
        waited(lambda: run.poll() is not None, PATIENCE_S)
        answer = said(place, "Read-only")
    finally:
        subprocess.run(["umount", str(results)], check=True)
    return Trouble(what, answer, ends_like(place, truth))


def jumping_clock(finished: Path, truth: dict[str, str]) -> Trouble:
    """Date every file of a finished study at random, a year back or on, and run it again."""
    place = finished.with_name("clock")
    shutil.copytree(finished, place)
    files = sorted(file for file in (place / "results").rglob("*.parquet"))
    for i, file in enumerate(files):
        moment = time.time() + 3.15e7 * (-1) ** i
        os.utime(file, (moment, moment))
    return Trouble("file dates jump by a year, back and on", "", ends_like(place, truth))


def two_at_once(folder: Path, truth: dict[str, str]) -> Trouble:
    """Start a study twice in one folder."""
    place = folder / "twice"
    first = started(place)
    waited(lambda: any((place / ".snakemake" / "locks").glob("*.lock")), PATIENCE_S)
    second = started(place)
    waited(lambda: second.poll() is not None, PATIENCE_S)
    answer = said(place, "lock") if second.returncode else ""
    waited(lambda: first.poll() is not None, PATIENCE_S)
    is_whole = first.returncode == 0 and hashes(place) == truth
    return Trouble("a second run is started in the same folder", answer, is_whole)


def ends_like(place: Path, truth: dict[str, str]) -> bool:
    """Go on with a study and compare it."""
    run = resumed(place)
    waited(lambda: run.poll() is not None, PATIENCE_S)
    return run.returncode == 0 and hashes(place) == truth


def said(place: Path, word: str) -> str:
    """Return the first line with a word that runs in a folder have said."""
    lines = (place / "said.txt").read_text(errors="replace").splitlines()
    return next((line.strip() for line in lines if word in line), "nothing about it")

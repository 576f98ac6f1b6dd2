"""docs/reliability.md, from the rows of the experiments."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.reliability.studies import ROOT

PAGE = ROOT / "docs" / "reliability.md"
Rows = list[dict[str, Any]]
Kept = dict[str, Any]  # on: where and when; rows

HEAD = """# Reliability

What happens to a study when things go wrong, measured by `make reliability` (an hour on two
cores; `make reliability RELIABILITY=--quick` takes minutes). The smoke study is run as users
run it, in folders of its own. Two studies are *equal* where every file below `results/` has
the same logical hash: of all rows and columns but times, memory, and the ids and dates of jobs.
"""
SECTIONS = {
    "determinism": (
        "Equal config and seed, equal numbers",
        "On one kind of processor: other instructions round otherwise, see the next table.",
    ),
    "rounding": (
        "Other processors and BLAS kernels, equal to rounding",
        "OpenBLAS, NumPy and compiled kernels are told to use the instructions of older\n"
        "processors. What must hold: numbers agree to 1e-8 (of their size where above 1), words\n"
        "and counts exactly, and `qnnbench compare` finds nothing beyond noise. Most agree to\n"
        "1e-13; an angle without gradient moves by its rounding, which Adam divides by 1e-8.\n"
        "Sampled runs on machines and emulators are held to noise alone: which of the equal\n"
        "circuits a state's preparation becomes is left to rounding. Hashes of states follow the\n"
        "last digit. Training by shots (`device_steps`) is not compared.",
    ),
    "kills": (
        "Killed with SIGKILL",
        "At random moments, then `qnnbench resume`, until the studies end. Files that differ\n"
        "from those of a study that was not killed, are missing or too many, and half-written\n"
        "files that stay, are counted.",
    ),
    "trouble": (
        "Full disks, read-only disks, odd dates, two runs at once",
        "The answer is what the run said; mended: `qnnbench resume` then led to an equal study.",
    ),
    "fuzz": (
        "Bad input",
        "Spoiled configs, files and tables. A case is right where it is refused with a message,\n"
        "or read exactly as it was written. Faults: tracebacks, other numbers, no message, or\n"
        "more than 20 CPU seconds.",
    ),
    "growth": (
        "Growth",
        "CPU seconds of this machine and peak memory. A dry run checks the config, lists all\n"
        "jobs, and decides what there is to do; a plan counts what each would cost; cells are\n"
        "those of curves, ten to a job and to a file of rows. The report is one page below 5 MB.",
    ),
}


def written(kept: dict[str, Kept]) -> str:
    """Return the page; experiments that were not run are said to be missing."""
    parts = [HEAD]
    for name, (title, words) in SECTIONS.items():
        body = "Not run yet.\n"
        if name in kept:
            body = f"Measured on {kept[name]['on']}.\n\n{TABLES[name](kept[name]['rows'])}"
        parts.append(f"## {title}\n\n{words}\n\n{body}")
    return "\n".join(parts)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _determinism(rows: Rows) -> str:
    return table(
        ("run on", "files", "that differ from 2 cores"),
        (
            (
                row["how"],
                row["n_files"] or row["reason"],
                len(row["differing"]) if row["n_files"] else "",
            )
            for row in rows
        ),
    )


def _rounding(rows: Rows) -> str:
    return table(
        ("instructions", "files", "of other hash", "numbers apart by", "changes beyond noise"),
        (
            (
                row["processor"],
                *(
                    (row["reason"], "", "", "")
                    if row["reason"]
                    else (
                        row["n_files"],
                        row["n_differing"],
                        f"{row['largest']:.0e}",
                        len(row["beyond_noise"]),
                    )
                ),
            )
            for row in rows
        ),
    )


def _kills(rows: Rows) -> str:
    (row,) = rows
    counts = [(f"killed: {moment}", n) for moment, n in row["kills"].items()]
    ends = [
        ("killed in all", sum(row["kills"].values())),
        ("studies that ended", row["n_studies"]),
        ("files that differ", len(row["differing"])),
        ("files left over", len(row["left_over"])),
    ]
    return table(("what", "count"), [*counts, *ends])


def _trouble(rows: Rows) -> str:
    return table(
        ("what", "answer", "mended"),
        (
            (
                row["what"],
                f"`{row['answer']}`" if row["answer"] else row["reason"],
                {True: "yes", False: "no", None: ""}[row["is_mended"]],
            )
            for row in rows
        ),
    )


def _fuzz(rows: Rows) -> str:
    return table(
        ("input", "cases", "taken", "refused", "faults", "slowest (s)"),
        (
            (
                row["kind"],
                row["n_taken"] + row["n_refused"] + len(row["faults"]),
                row["n_taken"],
                row["n_refused"],
                len(row["faults"]),
                f"{row['slowest_s']:.1f}",
            )
            for row in rows
        ),
    )


def _growth(rows: Rows) -> str:
    return table(
        ("what", "cells", "CPU (s)", "memory (MB)"),
        (
            (row["what"], f"{row['n_cells']:,}", f"{row['cpu_s']:.1f}", f"{row['peak_mb']:.0f}")
            for row in rows
        ),
    )


TABLES = {
    "determinism": _determinism,
    "rounding": _rounding,
    "kills": _kills,
    "trouble": _trouble,
    "fuzz": _fuzz,
    "growth": _growth,
}

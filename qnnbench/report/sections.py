"""The sections of the page, in order: a new one is an entry of ``SECTIONS``."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from qnnbench.report import leaderboard, machines, summary, tables
from qnnbench.report.cells import Table

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Drawn:
    """A figure of ``figures.FIGURES``, by name."""

    name: str


@dataclass(frozen=True)
class Listed:
    """A table.

    Attributes:
        make: Maps the rows of the study, by table, to what is shown.
        empty: What is said where there is no row.
        note: What stands below it.
        folded: What is clicked to see it; empty where it is seen at once.
    """

    make: Callable[[Frames], Table]
    empty: str
    note: str = ""
    folded: str = ""


@dataclass(frozen=True)
class Partial:
    """A template of the folder ``parts``, without its suffix; it sees what the page sees."""

    name: str


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        name: Its anchor.
        heading: Above it, and in the navigation.
        question: What it answers.
        parts: What it shows, in order.
    """

    name: str
    heading: str
    question: str
    parts: tuple[Drawn | Listed | Partial, ...]


def _rivals(frames: Frames) -> Table:
    rows = frames["rivals"]
    shown = tables.rivals(rows[rows["ansatz"].isna()])
    return replace(shown, caption="Classical rivals on the same states")


def _surrogates(frames: Frames) -> Table:
    rows = frames["rivals"]
    shown = tables.rivals(rows[rows["ansatz"].notna()])
    caption = "Classical surrogates: what learns a trained network's answers from records"
    return replace(shown, name="surrogates", caption=caption)


SECTIONS = (
    Section("summary", "Summary", "", (Partial("summary"),)),
    Section(
        "claims",
        "Claims",
        "What do published reports claim, and what do the rows say?",
        (Partial("claims"),),
    ),
    Section(
        "leaderboard",
        "Leaderboard",
        "Which network is best where, at what cost, and which ranks are told apart?",
        (
            Listed(
                lambda frames: leaderboard.leaderboard(frames["leaderboard"]),
                "No network was scored.",
            ),
        ),
    ),
    Section(
        "trainability",
        "Trainability",
        "How large are gradients before training, and how fast do they vanish with the width?",
        (
            Drawn("gradient_variance"),
            Listed(
                lambda frames: tables.verdicts(frames["verdicts"]),
                "No curve was judged.",
                "An exponential law has a rate in decades per qubit, a polynomial one an "
                "exponent, both with 95 % intervals, fitted from 16 qubits on; the criterion is "
                "that of the polynomial law minus that of the exponential one, and 4 decides. "
                "Where values were sampled the median of |∂C| must agree. Shots: to resolve one "
                "gradient component of mean variance at one sigma, at the widest width.",
            ),
            Listed(
                lambda frames: tables.moments(frames["trainability"]),
                "No moments were computed.",
                folded="Every second moment",
            ),
            Drawn("gradient_quantiles"),
            Drawn("gradient_map"),
            Drawn("variance_by_depth"),
            Drawn("initial_laws"),
            Drawn("loss_and_contrast"),
        ),
    ),
    Section(
        "learning",
        "Learning",
        "What is learnt, by how many repeats, and what would be known without a network?",
        (
            Drawn("accuracy"),
            Drawn("success"),
            Listed(
                lambda frames: tables.comparisons(frames["scores"], frames["rivals"]),
                "Nothing to compare.",
                folded="Every arm against each baseline",
            ),
            Drawn("ladder"),
            Listed(
                _rivals,
                "No classical rivals.",
                folded="All rivals",
            ),
            Drawn("label_free"),
            Drawn("two_copies"),
            Drawn("regression"),
            Drawn("preparation"),
            Drawn("decoding"),
            Listed(
                lambda frames: tables.scores(frames["scores"], frames["runs"]),
                "No test scores.",
                folded="All test scores",
            ),
            Drawn("learning_curves"),
            Drawn("gradient_curves"),
        ),
    ),
    Section(
        "compression",
        "Compression",
        "How much of an ensemble fits into few qubits?",
        (Drawn("compression"), Drawn("rate")),
    ),
    Section(
        "data",
        "Data",
        "Which classes do the states have, what is equal between them, and who proves it?",
        (
            Partial("limits"),
            Listed(
                lambda frames: tables.certificates(frames["certificates"]),
                "No certificate was computed.",
            ),
            Listed(
                lambda frames: tables.datasets(frames["datasets"]), "The study made no dataset."
            ),
        ),
    ),
    Section(
        "simulability",
        "Simulability",
        "What did a classical machine pay for each run, and what was too much for it?",
        (
            Listed(
                lambda frames: tables.runs(frames["runs"]),
                "Nothing was trained.",
                "The error is the estimated absolute error of the run's main number. Memory is "
                "the peak of the process, which several runs may share.",
            ),
            Listed(
                lambda frames: tables.not_run(frames["runs"], frames["trainability"]),
                "Every training run of the study was carried out.",
                "Gradients are those of the same ansatz and width, at input |0…0⟩: of the "
                "observable that is the loss where it was computed, else of every one that was. "
                "A dash: none was.",
            ),
            Listed(_surrogates, "No surrogate of a trained network was fitted."),
        ),
    ),
    Section(
        "machines",
        "Hardware",
        "What is left of a trained network on machines with errors?",
        (
            Drawn("hardware"),
            Listed(
                lambda frames: machines.hardware(frames["hardware"]),
                "Nothing was run on machines with errors.",
            ),
            Listed(
                lambda frames: machines.jobs(frames["jobs"]),
                "No jobs were sent to machines or their emulators.",
                folded="Jobs",
            ),
            Drawn("device_training"),
            Listed(
                lambda frames: machines.device_training(frames["device_steps"]),
                "Nothing was trained by shots.",
                folded="Runs trained by shots",
            ),
        ),
    ),
    Section("provenance", "Provenance", "", (Partial("provenance"),)),
)

OVERVIEW = Listed(summary.overview, "No training arm is part of this study.")

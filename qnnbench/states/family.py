"""What a dataset family is: a generator and the data card that says how far to trust it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qnnbench.states.samples import Dataset

if TYPE_CHECKING:  # importing Cirq costs seconds: only preparation circuits need it
    import cirq

_CARD = (
    "name",
    "n_classes",
    "summary",
    "equal",
    "differs",
    "solved_by",
    "limit",
    "source",
    "bibtex",
    "min_qubits",
    "widths",
)
CARD_TEXTS = ("summary", "equal", "differs", "solved_by", "limit", "source", "licence")
LICENCE = "CC0-1.0"  # of the generated states; the code is Apache-2.0


@dataclass(frozen=True)
class DatasetFamily:
    """States with a label, and what their classes share and do not share.

    Attributes:
        name: Key in configs, file names and the ``dataset`` column.
        generate: Maps (n_qubits, *, seed, n_samples, **options) to a :class:`Dataset`.
        tasks: Keys of ``qnnbench.TASKS`` that the family serves, the main one first.
        n_classes: Number of labels.
        summary: What the states are.
        equal: The classical description that the classes share; its certificate tests it.
        differs: What tells them apart.
        solved_by: What solves it, known in advance.
        limit: What a critic would say first; printed in the report.
        source: DOI or arXiv id, with the place in the text.
        bibtex: Key of that source in ``qnnbench/report/references.bib``.
        min_qubits: Smallest width at which the classes are what they claim.
        is_width: Whether the family exists at a width; None: at all from ``min_qubits`` on.
        widths: What ``is_width`` asks for, in words.
        variant: Option that a name "family/value" sets; empty where there is none.
        ceiling: Maps (dataset, n_copies) to the best accuracy of any measurement of so many
            copies of one unseen sample; None: 1.
        contrast: Maps a dataset to the trace norm of the difference of its class means over
            all noise, the largest contrast; None: not known.
        prepare: Maps (dataset, index) to the circuit that makes that noiseless state of
            |0…0>; None: the general one of ``qnnbench.states.exports``.
    """

    name: str
    generate: Callable[..., Dataset]
    tasks: tuple[str, ...]
    n_classes: int
    summary: str
    equal: str
    differs: str
    solved_by: str
    limit: str
    source: str
    bibtex: str
    min_qubits: int = 4
    is_width: Callable[[int], bool] | None = None
    widths: str = "a whole number"
    variant: str = ""
    ceiling: Callable[[Dataset, int], float] | None = None
    contrast: Callable[[Dataset], float] | None = None
    prepare: "Callable[[Dataset, int], cirq.Circuit] | None" = None

    def card(self) -> dict[str, Any]:
        """Return the data card: everything said of the family, as JSON-like facts."""
        told = {key: getattr(self, key) for key in _CARD}
        return {**told, "tasks": list(self.tasks), "licence": LICENCE}


def own_card(
    name: str, n_classes: int, n_qubits: int, told: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the data card of states that a user brought, with what the user says of them."""
    said = dict.fromkeys(("equal", "differs", "solved_by", "licence"), "not stated")
    said |= {"source": "", "bibtex": "", "summary": "states of a file of the user's own"}
    said["limit"] = "nothing is known of it but what its certificate computes"
    return {
        "name": name,
        "n_classes": n_classes,
        **said,
        "min_qubits": n_qubits,
        "widths": "those of its files",
        "tasks": [],
        **(told or {}),
    }

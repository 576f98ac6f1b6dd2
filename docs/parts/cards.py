"""What the classes of every dataset family share, and what tells them apart."""

from docs.parts.markdown import table
from qnnbench.states.datasets import DATASETS


def cards() -> str:
    """Return a table of the data cards."""
    rows = [(f"`{one.name}`", one.equal, one.differs, one.limit) for one in DATASETS.values()]
    return table(("family", "its classes share", "what tells them apart", "limit"), rows)

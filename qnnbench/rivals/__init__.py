"""Classical learners that are given the same measurements as a network's copies allow."""

from qnnbench.rivals.rows import RIVALS, Rival, rival_rows

__all__ = ["RIVALS", "Rival", "rival_rows"]

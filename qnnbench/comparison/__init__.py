"""Two result sets side by side: what changed, and whether noise explains it."""

from qnnbench.comparison.changes import Change, Comparison, compare
from qnnbench.comparison.result_sets import ResultSet, read_set

__all__ = ["Change", "Comparison", "ResultSet", "compare", "read_set"]

"""Claims of published reports beside the rows that bear on them, judged from rows alone."""

from qnnbench.claims.bounds import best_constant_mse
from qnnbench.claims.cards import CLAIMS, Claim, Test, load_claims
from qnnbench.claims.verdicts import VERDICTS, claim_rows

__all__ = ["CLAIMS", "VERDICTS", "Claim", "Test", "best_constant_mse", "claim_rows", "load_claims"]

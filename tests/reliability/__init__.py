"""What happens when things go wrong, measured: ``python -m tests.reliability``."""

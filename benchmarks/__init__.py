"""Times qnnbench against what users would pick instead: ``python -m benchmarks``."""

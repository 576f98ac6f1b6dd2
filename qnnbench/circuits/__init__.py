"""Cirq circuits in, compiled programs out; the ansätze and the laws of initial angles."""

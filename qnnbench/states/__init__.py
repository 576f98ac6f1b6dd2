"""Data states: matrix product states, the dataset families, their certificates."""

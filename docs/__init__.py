"""The documentation: its pages, and the parts of them that are read from the code."""

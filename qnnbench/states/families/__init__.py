"""The dataset families, one file each: generator, preparation circuit and data card."""

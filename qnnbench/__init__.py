"""qnnbench: at which width does a quantum neural network stop training, and why?"""

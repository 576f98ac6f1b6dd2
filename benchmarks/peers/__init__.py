"""One file per peer: how it evaluates a case. Each imports its package at the top."""

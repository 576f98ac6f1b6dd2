"""Rank the networks of a study by score, with cost and uncertainty."""

import numpy as np

from qnnbench.leaderboard import leaderboard
from qnnbench.progress import follow
from qnnbench.results import read_rows, write_rows
from qnnbench.study import identified

follow(snakemake.log[0])
source = snakemake.params.source
scores = read_rows("scores", snakemake.input.scores)
runs = read_rows("runs", snakemake.input.runs)
seed = snakemake.config["seed"]
rows = leaderboard(scores, runs, np.random.default_rng(seed))
cell = {"leaderboard": sorted(scores["run_id"].unique()), "seed": seed}
rows = [{**row, "seed_path": f"{seed}/leaderboard"} for row in rows]
write_rows(snakemake.output.rows, "leaderboard", identified(rows, cell, snakemake.config, source))

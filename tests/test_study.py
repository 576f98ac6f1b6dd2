from math import prod
from pathlib import Path

import pytest
import yaml

from qnnbench import study

CONFIGS = Path(__file__).parents[1] / "config"
DEFAULT = yaml.safe_load((CONFIGS / "config.yaml").read_text())
SMOKE = yaml.safe_load((CONFIGS / "smoke.yaml").read_text())


def changed(**entry):
    """Return the smoke config with keys of its first arm changed."""
    config = yaml.safe_load((CONFIGS / "smoke.yaml").read_text())
    config["training"][0].update(entry)
    return config


def run_id(config, repeat=0):
    name, batch = study.jobs(config, "training")[0]
    cell = study.cells(config, "training", name, batch)[0]
    (row,) = study.identified([{"repeat": repeat}], cell, config, "code")
    return row["run_id"]


@pytest.mark.parametrize(
    ("widths", "expected"),
    [
        ([8, 16, 32, 64, 100], {"n8-64": [8, 16, 32, 64], "n100": [100]}),
        ([100, 4], {"n4": [4], "n100": [100]}),
        ([1024], {"n1024": [1024]}),
    ],
)
def test_small_widths_share_a_job(widths, expected):
    assert study.batches(widths, "training") == expected
    assert [study.widest(label) for label in expected] == [max(g) for g in expected.values()]


@pytest.mark.parametrize("stage", ["datasets", "certificates", "trainability", "training"])
def test_the_jobs_cover_every_cell_once(stage):
    cells = [c for job in study.jobs(DEFAULT, stage) for c in study.cells(DEFAULT, stage, *job)]
    expected = []
    for entry in study.entries(DEFAULT, stage).values():
        crossed = ("n_layers", "angles", "contrast", "closed_form")
        lists = [entry[key] for key in crossed if isinstance(entry.get(key), list)]
        expected += [n for n in sorted(entry["widths"]) for _ in range(prod(map(len, lists)))]
    assert [cell["n_qubits"] for cell in cells] == expected


def test_a_training_job_relies_on_the_certificates_of_its_states():
    for batch in ("n8-64", "n100"):
        needed = study.certificates_of(DEFAULT, "training", "qcnn_spt_path", batch)
        assert needed == [("spt_path", batch)]


def test_an_unknown_batch_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"Known: \['n100', 'n8-64'\]"):
        study.cells(DEFAULT, "training", "qcnn_spt_path", "n8-16")


@pytest.mark.parametrize(
    "entry",
    [{"learning_rate": 0.1}, {"n_steps": 6}, {"options": {"sharing": "none"}}, {"loss": "local"}],
)
def test_what_can_change_a_result_changes_the_run_id(entry):
    assert run_id(changed(**entry)) != run_id(SMOKE)


@pytest.mark.parametrize("entry", [{"arm": "other"}, {"repeats": 9}])
def test_what_cannot_change_a_result_leaves_the_run_id(entry):
    assert run_id(changed(**entry)) == run_id(SMOKE)


RIVALS = {
    "spt_path": {
        "rivals": ["z_logistic"],
        "widths": [8],
        "n_copies": 32,
        "surrogates_of": ["qcnn_spt_path"],
    }
}


def rival_ids(config, arm="qcnn_spt_path", rivals=None):
    """Return the run ids of a rival and of an arm's surrogate."""
    config = {**config, "rivals": rivals or RIVALS}
    (cell,) = study.cells(config, "rivals", "spt_path", "n8")
    rows = [{"arm": "z_logistic", "repeat": 0}, {"arm": f"surrogate of {arm}", "repeat": 0}]
    return [row["run_id"] for row in study.identified(rows, cell, config, "code")]


def test_rivals_do_not_depend_on_arms_but_surrogates_on_all_of_theirs():
    rival, surrogate = rival_ids(SMOKE)
    for config in (
        changed(n_steps=6),
        {**SMOKE, "budgets": {**SMOKE["budgets"], "training_s": 21}},
    ):
        assert rival_ids(config)[0] == rival
        assert rival_ids(config)[1] != surrogate
    assert rival_ids(changed(repeats=9)) == [rival, surrogate]
    renamed = {"spt_path": {**RIVALS["spt_path"], "surrogates_of": ["other"]}}
    assert rival_ids(changed(arm="other"), "other", renamed) == [rival, surrogate]
    listed = {"spt_path": {**RIVALS["spt_path"], "n_copies": [32], "repeats": 4}}
    assert rival_ids(SMOKE, rivals=listed) == [rival, surrogate]


def shot_ids(config=SMOKE, **entry):
    """Return run ids of both repeats of one run by shots, with keys of its entry changed."""
    asked = {"qcnn_by_shots": SMOKE["device_training"]["qcnn_by_shots"] | entry}
    config = {**config, "device_training": asked}
    (cell,) = study.cells(config, "device_training", "qcnn_by_shots", "n4")
    run = {"start": "cold", "device": "Torino", "noise_scale": 1.0}
    rows = [run | {"repeat": 0}, run | {"repeat": 1}, run | {"repeat": 0, "start": "trained"}]
    return [row["run_id"] for row in study.identified(rows, cell, config, "code")]


def test_a_run_by_shots_depends_on_itself_and_its_arm_alone():
    ids = shot_ids()
    assert len(set(ids)) == 3
    assert shot_ids(starts=["cold"], devices=["Torino", "H2-1"], noise_scales=[1, 0]) == ids
    assert shot_ids(repeats=2) == ids == shot_ids(changed(repeats=9))
    assert not set(ids) & {*shot_ids(n_steps=2), *shot_ids(changed(learning_rate=0.06))}


def test_an_arm_has_surrogates_only_where_it_is_trained():
    config = {**changed(widths=[4]), "rivals": {"spt_path": {**RIVALS["spt_path"]}}}
    config["rivals"]["spt_path"]["widths"] = [4, 8]
    cells = study.cells(config, "rivals", "spt_path", "n4-8")
    assert [list(cell["trained"]) for cell in cells] == [["qcnn_spt_path"], []]


def test_two_copies_do_not_depend_on_a_budget():
    (cell,) = study.cells(SMOKE, "training", "two_copies_lu_orbit", "n8")
    richer = {**SMOKE, "budgets": {**SMOKE["budgets"], "training_gb": 8}}
    assert study.cells(richer, "training", "two_copies_lu_orbit", "n8") == [cell]


def test_repeats_and_seeds_have_run_ids_of_their_own():
    ids = {run_id(SMOKE), run_id(SMOKE, repeat=1), run_id({**SMOKE, "seed": 8})}
    assert len(ids) == 3
    assert run_id({**SMOKE, "study": "other", "trainability": []}) in ids


def test_a_stage_depends_on_the_code_below_it_only(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "__file__", str(tmp_path / "study.py"))
    (tmp_path / "training").mkdir()
    (tmp_path / "registry.py").write_text("a = 1")
    (tmp_path / "training" / "loop.py").write_text("b = 1")
    before = {stage: study.source(stage) for stage in study.STAGES}
    (tmp_path / "training" / "loop.py").write_text("b = 2")
    moved = {stage for stage in study.STAGES if study.source(stage) != before[stage]}
    above = {"leaderboard", "report", "claims"}  # judge what the stages wrote
    assert moved == {"training", "rivals", "hardware", "jobs", "device_training"} | above
    (tmp_path / "registry.py").write_text("a = 2")
    assert all(study.source(stage) != before[stage] for stage in study.STAGES)


def test_checkpoints_of_two_cells_lie_apart():
    cells = study.cells(SMOKE, "training", "qcnn_spt_path", "n4-8")
    first, second = (study.checkpoint_folder(cell) for cell in cells)
    assert first != second
    assert first == study.checkpoint_folder(dict(cells[0]))


def curve_cells(**entry):
    """Return the cells of the first smoke curve with keys changed."""
    config = {**SMOKE, "trainability": [{**SMOKE["trainability"][0], **entry}]}
    return study.cells(config, "trainability", "hea_global", "n4-8")


@pytest.mark.parametrize(
    ("angles", "name"),
    [
        ("uniform", "uniform"),
        ({"law": "gaussian", "std": 0.25}, "gaussian(0.25)"),
        ("gaussian_1_over_l", "gaussian_1_over_l"),
    ],
)
def test_a_curve_says_what_it_is(angles, name):
    cell, _ = curve_cells(angles=angles)
    columns = study.curve_columns("hea_global", cell)
    assert (columns["observable"], columns["angles"]) == ("global", name)
    assert (columns["curve"], columns["n_qubits"]) == ("hea_global", 4)
    assert columns["contrast"] is None


def test_a_curve_crosses_what_it_lists():
    cells = curve_cells(n_layers=[1, 3], angles=["uniform", "small"])
    points = [
        (cell["n_qubits"], cell["options"]["n_layers"], cell["angles"]["law"]) for cell in cells
    ]
    each = [(layers, law) for layers in (1, 3) for law in ("uniform", "small")]
    assert points == [(n, *choice) for n in (4, 8) for choice in each]
    assert all("n_layers" not in cell for cell in cells)


def test_a_seed_is_part_of_a_cell_only_where_it_is_used():
    assert "seed" not in curve_cells()[0]
    cell = curve_cells(n_samples=20, sampled=True)[0]
    assert cell["seed"] == SMOKE["seed"]
    assert study.curve_columns("hea_global", cell)["seed_path"].startswith(f"{SMOKE['seed']}/")


def test_a_contrast_is_about_states_of_this_study():
    entry = {**SMOKE["trainability"][0], "contrast": ["spt_path", "two_state"]}
    config = {**SMOKE, "trainability": [entry]}
    states = study.contrasts_of(config, "hea_global", "n4-8")
    assert states == [(name, n) for n in (4, 8) for name in ("spt_path", "two_state")]
    cell = study.cells(config, "trainability", "hea_global", "n4-8")[0]
    assert cell["states"] == study.cells(config, "datasets", "spt_path", "n4")[0]
    assert study.contrasts_of(SMOKE, "hea_global", "n4-8") == []


def test_a_closed_form_depends_on_its_name_and_width_alone():
    config = {**SMOKE, "trainability": [{"curve": "c", "closed_form": "x", "widths": [4]}]}
    (cell,) = study.cells(config, "trainability", "c", "n4")
    assert cell == {"closed_form": "x", "n_qubits": 4}
    assert study.curve_columns("c", cell) == {"curve": "c", "n_qubits": 4, "backend": "moments"}


def test_broken_claims_are_told_with_their_numbers():
    row = {"dataset": "spt_path", "n_qubits": 8, "fact": "energy", "method": "<H>"}
    numbers = {"value": 1.5, "expected": 1.0, "tolerance": 0.1}
    assert study.broken_claims([{**row, **numbers, "holds": True}]) == ""
    assert study.broken_claims([{**row, **numbers, "holds": None}]) == ""
    said = study.broken_claims([{**row, **numbers, "holds": False}])
    assert "spt_path at n_qubits=8" in said
    assert "1.5, claimed 1.0 within 0.1" in said


def test_only_the_default_report_lies_at_the_top():
    assert study.report_folder(DEFAULT) == "reports"
    assert study.report_folder(SMOKE) == "reports/smoke"

from pathlib import Path

import pytest
import yaml

from qnnbench.circuits.angles import Gaussian, IdentityBlocks, Uniform
from qnnbench.config import SCHEMA, check, law_of, load

CONFIGS = Path(__file__).parents[1] / "config"
SMOKE = (CONFIGS / "smoke.yaml").read_text()


def problems(tmp_path, *edits, names=False):
    """Return the message about the smoke config after text edits, and the file."""
    text = SMOKE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "study.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match="The config has") as caught:
        check(yaml.safe_load(text), [file], names=names)
    return str(caught.value), file


def line_of(file, text):
    return next(i for i, line in enumerate(file.read_text().splitlines(), 1) if text in line)


@pytest.mark.parametrize("name", ["smoke", "config", "paper", "scaling"])
def test_the_shipped_configs_are_sound(name):
    assert load(CONFIGS / f"{name}.yaml")["seed"] >= 0


def test_a_typo_is_named_with_near_miss_and_both_lines(tmp_path):
    said, file = problems(tmp_path, ("learning_rate: 0.05", "learnig_rate: 0.05"))
    schema = SCHEMA.read_text().splitlines()
    (line,) = [part for part in said.splitlines() if "learnig_rate" in part]
    assert f"training[0].learnig_rate ({file}:{line_of(file, 'learnig_rate')})" in line
    assert "Did you mean 'learning_rate'?" in line
    place = int(line.rsplit("workflow/schemas/config.schema.yaml:", 1)[1].rstrip("]"))
    assert schema[place - 1].strip() == "properties:"
    assert schema[place].strip().startswith("arm:")  # where the keys of an arm are defined


def test_all_problems_are_told_at_once(tmp_path):
    said, _ = problems(
        tmp_path,
        ("seed: 7", "seed: -7"),
        ("n_steps: 5", "n_steps: 0"),
        ("repeats: 2", "repeats: two"),
        ("dataset: two_state", "dataset: two_stat"),
    )
    assert "4 problems" in said
    for part in ("seed", "training[0].n_steps", "training[0].repeats", "Did you mean 'two_state'"):
        assert part in said


@pytest.mark.parametrize("width", ["1", "0", "-4", "8.0", "true", "'8'", ".nan", "null"])
def test_widths_are_whole_numbers_from_two(tmp_path, width):
    said, _ = problems(tmp_path, ("[4, 8]", f"[4, {width}]"))
    assert "widths[1]" in said
    assert "A network has 2 qubits or more" in said


@pytest.mark.parametrize("number", [".nan", ".inf", "0", "-0.1", "fast", "true"])
def test_a_learning_rate_is_a_finite_number_above_zero(tmp_path, number):
    said, _ = problems(tmp_path, ("learning_rate: 0.05", f"learning_rate: {number}"))
    assert "training[0].learning_rate" in said


def test_a_number_that_yaml_reads_as_text_is_explained(tmp_path):
    said, _ = problems(tmp_path, ("tolerance: 1.0e-3", "tolerance: 1e-3"))
    assert "YAML reads 1e-3 as text, write it with a point" in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 7", "seed: 7\nseed: 8", "key 'seed' is given 2 times"),
        ("curve: qcnn", "curve: hea_global", "'hea_global' names two entries"),
        ("study: smoke", "study: My study", "does not match"),
        ("study: smoke", "study: figures", "should not be valid"),
        ("budgets:", "budget:", "Did you mean 'budgets'"),
        ("  report_s: 20", "", "'report_s' is a required property"),
        ("  two_state: {", "  Two: {", "'Two' does not match"),
        ("  two_state: {", "  8: {", "8 is not of type 'string'"),
        ("widths: *widths\n    repeats", "widths: [4, 16]\n    repeats", "not made at [16]"),
    ],
)
def test_contradictions_are_found(tmp_path, old, new, message):
    assert message in problems(tmp_path, (old, new))[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ansatz: hea", "ansatz: heaa", "No ansatz named 'heaa'. Did you mean 'hea'"),
        ("  spt_path: {", "  spt_pth: {", "No dataset named 'spt_pth'. Did you mean 'spt_path'"),
        ("task: classification", "task: clasification", "Did you mean 'classification'"),
        ("task: compression", "task: regression", "'two_state' serves compression, not"),
        ("task: classification", "task: classification\n    n_kept: 2", "is for compression"),
        ("task: compression", "task: compression\n    n_kept: 4", "n_kept must be 1 to 3"),
        ("task: classification", "task: classification\n    target: 1", "takes all classes"),
        ("readout: global", "raedout: global", "No option of ansatz 'hea' named 'raedout'"),
        ("readout: global", "readout: globl", "No readout named 'globl'. Did you mean 'global'"),
        ("{widths: *widths}", "{widths: *widths, options: {n_sample: 9}}", "'n_samples'"),
        ("{widths: [8]}", "{widths: [8], options: {pair: ghz-dep}}", "Did you mean 'ghz-deph'"),
        ("path: {", "path: {options: {noise: -1}, ", "datasets.spt_path.options"),
        ("path: {", "path: {options: {n_samples: 3}, ", "two samples or more, one per class"),
        ("angles: uniform", "angles: unifrm", "Did you mean 'uniform'"),
        ("angles: uniform", "angles: uniform\n    observable_index: 3", "3 asked, 1 observables"),
        ("loss: local", "loss: locl", "No loss of 'compression' named 'locl'"),
        ("loss: local", "loss: trash", "needs an ansatz that reads its discarded qubits"),
        ("observable: global", "observable: local", "'local' is not what the ansatz reads"),
        ("[4, 8]", "[3, 8]", "dataset 'spt_path' needs a whole number >= 4, got [3]"),
    ],
)
def test_names_and_options_are_looked_up_where_they_are_defined(tmp_path, old, new, message):
    assert message in problems(tmp_path, (old, new), names=True)[0]


RIVALS = "  spt_path: {rivals: [z_boosting, pauli_logistic], widths: [8], n_copies: 32}"


def surrogates(name, widths="[8]", dataset="spt_path"):
    return f"  {dataset}: {{rivals: [overlap_svm], widths: {widths}, surrogates_of: [{name}]}}"


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (surrogates("qcnn_spt_pth"), "No arm named 'qcnn_spt_pth'. Did you mean 'qcnn_spt_path'"),
        (
            surrogates("brickwork_two_state_local"),
            "is for compression of 'two_state', not for classification of 'spt_path'",
        ),
        (
            surrogates("two_copies_lu_orbit", dataset="lu_orbit"),
            "is for two_copy_classification of 'lu_orbit'",
        ),
        (surrogates("qcnn_spt_path", "[16]"), "is trained at [4, 8], none of [16]"),
        ("  spt_path: {rivals: [z_mlp], widths: [8]}", "'z_mlp' uses up copies of each state"),
        (RIVALS.replace("32", "[1, 0]"), "less than the minimum of 1"),
        (RIVALS.replace("32", "[]"), "[] should be non-empty"),
        (RIVALS.replace("32", "0"), "less than the minimum of 1"),
        (RIVALS.replace("32", "[2, 2]"), "non-unique"),
        (RIVALS.replace("spt_path", "two_state"), "serves compression, not 'classification'"),
        (RIVALS.replace("spt_path", "spt-path"), "does not match"),
    ],
)
def test_rivals_ask_for_what_there_is(tmp_path, new, message):
    said, file = problems(tmp_path, (RIVALS, new), names=True)
    (line,) = [part for part in said.splitlines() if message in part]
    assert f"{file}:{line_of(file, new)}" in line


@pytest.mark.parametrize("copies", ["1", "[1, 32]"])
def test_copies_are_a_number_or_a_list(tmp_path, copies):
    assert RIVALS in SMOKE
    file = tmp_path / "study.yaml"
    file.write_text(SMOKE.replace(RIVALS, RIVALS.replace("32", copies)))
    assert load(file)["rivals"]["spt_path"]["n_copies"] == yaml.safe_load(copies)


def test_an_arm_with_a_fault_is_not_told_to_be_missing(tmp_path):
    edits = [(RIVALS, surrogates("qcnn_spt_path")), ("n_steps: 5", "n_steps: 0")]
    said, _ = problems(tmp_path, *edits)
    assert "1 problem" in said


def test_a_key_of_a_later_file_is_found_there(tmp_path):
    later = tmp_path / "later.yaml"
    later.write_text("\nseed: -1\n")
    config = {**yaml.safe_load(SMOKE), "seed": -1}
    with pytest.raises(ValueError, match=r"later\.yaml:2"):
        check(config, [CONFIGS / "smoke.yaml", later], names=False)


@pytest.mark.parametrize("text", ["[1, 2]", "study", ""])
def test_a_config_is_a_mapping(tmp_path, text):
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(ValueError, match="must hold a YAML mapping"):
        load(tmp_path / "study.yaml")


def test_broken_yaml_and_missing_files_are_named(tmp_path):
    (tmp_path / "study.yaml").write_text("study: [")
    with pytest.raises(ValueError, match="is no YAML"):
        load(tmp_path / "study.yaml")
    with pytest.raises(FileNotFoundError, match="The shipped ones are in config/"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("angles", "law"),
    [
        ("uniform", Uniform()),
        ({"law": "uniform"}, Uniform()),
        ({"law": "gaussian", "std": 0.3}, Gaussian(0.3)),
        ("gaussian", Gaussian(0.1)),
        ("gaussian_1_over_l", Gaussian(0.5)),
        ("gaussian_1_over_nl", Gaussian(0.5 / 3)),
        ("small", Gaussian(0.1)),
        ("identity_blocks", IdentityBlocks()),
        ("haar_blocks", "haar_blocks"),
    ],
)
def test_angle_laws_are_named_or_written_with_their_width(angles, law):
    assert law_of(angles, 9, 4) == law


def test_only_a_gaussian_law_takes_a_width():
    with pytest.raises(ValueError, match="only the gaussian law takes a std"):
        law_of({"law": "uniform", "std": 0.3}, 4, 4)


CURVE = "    angles: uniform\n    widths: *widths\n    tolerance: 1.0e-3\n    max_bond_dim: 64\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("closed_form: haar_tree", "closed_form: haar_tre", "Did you mean 'haar_tree'"),
        (
            "closed_form: haar_tree",
            "closed_form: haar_tree\n    angles: uniform",
            "names its network",
        ),
        ("contrast: spt_path", "contrast: spt_pth", "Did you mean 'spt_path'"),
        ("contrast: spt_path", "contrast: [spt_path, spt_path]", "non-unique"),
        (
            "contrast: spt_path\n    widths: *widths",
            "contrast: spt_path\n    widths: [4, 6]",
            "'spt_path' is not made at [6]",
        ),
        ("    n_samples: 20\n", "", "'n_samples' is a required property"),
        ("n_samples: 20", "n_samples: 1", "1 is less than the minimum of 2"),
        (
            CURVE + "    n_samples",
            CURVE.replace("*widths", "[4, 16]") + "    n_samples",
            "at 12 qubits or less",
        ),
        ("n_layers: [1, 2, 3]", "n_layers: [0]", "less than the minimum of 1"),
        ("n_layers: [1, 2, 3]", "n_layers: 3", "is not of type 'array'"),
        ("angles: gaussian_1_over_l", "angles: [uniform, 3]", "is not of type"),
        ("angles: gaussian_1_over_l", "angles: [uniform, smal]", "Did you mean 'small'"),
        (
            "contrast: spt_path",
            "contrast: spt_path\n    n_layers: [2]",
            "No option of ansatz 'tree' named 'n_layers'",
        ),
        (
            "{readout: local}\n    observable: local\n    angles: gaussian_1",
            "{readout: local, n_layers: 2}\n    observable: local\n    angles: gaussian_1",
            "n_layers is among the options too",
        ),
        ("{law: gaussian, std: 0.1}", "identity_blocks", "Known: ['gaussian', 'uniform']"),
    ],
)
def test_what_a_curve_may_ask_for_is_checked(tmp_path, old, new, message):
    assert message in problems(tmp_path, (old, new), names=True)[0]

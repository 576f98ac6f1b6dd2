"""Verdicts on claims come from rows alone, and can come out each way."""

import re

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from qnnbench.claims import CLAIMS, VERDICTS, Claim, best_constant_mse, claim_rows, load_claims
from qnnbench.claims import Test as ClaimTest
from qnnbench.claims.queries import ask, compared
from qnnbench.columns import TABLES
from qnnbench.hardware.devices import DEVICES
from qnnbench.report.claims import cards
from qnnbench.results import to_table

SHIPPED = {claim.name: claim for claim in load_claims()}
ASKED = [(claim, test) for claim in SHIPPED.values() for test in claim.tests]


def frames(rows=()):
    """Return rows by table from (table, row) pairs; every table is there."""
    return {
        table: to_table(table, [row for name, row in rows if name == table]).to_pandas()
        for table in TABLES
    }


def given(wanted):
    if isinstance(wanted, list):
        return wanted[0]
    if isinstance(wanted, dict):
        return wanted.get("at_least", wanted.get("at_most"))
    return wanted


def row(test, holds, **other):
    """Return a row of which ``test`` holds, or fails."""
    made = {"status": "ok", "run_id": f"{test.says} {holds}"}
    made |= {name: given(wanted) for name, wanted in test.where.items()}
    if test.is_text:
        wrong = not test.threshold if isinstance(test.threshold, bool) else "another"
        return made | {test.column: test.threshold if holds else wrong} | other
    threshold = test.threshold
    if isinstance(threshold, str):
        made[threshold] = threshold = 1
    up = test.relation in ("above", "at_least")
    value = threshold + (1 if up == holds else -1)
    made[test.column] = int(value) if test.column == "n_physical" else value
    if test.column == "value":
        made |= {"lower": value - 0.1, "upper": value + 0.1}
    return made | other


def settled(claim, outcomes):
    """Return the rows of a claim where its tests of rows come out as ``outcomes`` says."""
    rows = []
    for test, holds in zip([t for t in claim.tests if t.published is None], outcomes, strict=True):
        rows.append((test.table, row(test, holds)))
    return claim_rows([claim], frames(rows))


FROM_ROWS = [c for c in SHIPPED.values() if c.tests and all(t.published is None for t in c.tests)]


@pytest.mark.parametrize("claim", FROM_ROWS, ids=lambda claim: claim.name)
def test_every_shipped_claim_can_be_reproduced_refuted_and_conditional(claim):
    count = len(claim.tests)
    reached = {
        "reproduced": settled(claim, [True] * count),
        "refuted": settled(claim, [False] * count),
        "conditional": settled(claim, [False] + [True] * (count - 1)),
    }
    for verdict, rows in reached.items():
        assert {r["verdict"] for r in rows} == {verdict}
        assert len(rows) == count
    assert claim.tests[0].says in reached["conditional"][0]["verdict_reason"].split("Not for: ")[1]


def test_without_rows_nothing_is_reproduced():
    rows = claim_rows(SHIPPED.values(), frames())
    verdicts = {r["claim"]: r["verdict"] for r in rows}
    assert set(verdicts) == set(SHIPPED)
    assert "reproduced" not in verdicts.values()
    published = {c.name for c in SHIPPED.values() if any(t.published for t in c.tests)}
    untested = {name for name, told in verdicts.items() if told == "cannot be tested here"}
    assert untested == set(SHIPPED) - published
    told = next(r["verdict_reason"] for r in rows if r["claim"] == "quantum_advantage")
    assert told == SHIPPED["quantum_advantage"].cannot_be_tested


def test_a_constant_predicts_balanced_labels_with_an_error_of_a_quarter():
    rng = np.random.default_rng(3)
    for share in (0.5, 0.25, 0.1):
        labels = (np.arange(40) < 40 * share).astype(float)
        best = minimize_scalar(lambda c, y=labels: np.mean((y - c) ** 2), bounds=(0, 1))
        assert best_constant_mse(labels) == pytest.approx(best.fun, abs=1e-9)
        assert best_constant_mse(labels) == pytest.approx(share * (1 - share), abs=1e-12)
    for _ in range(20):  # no other constant does better
        labels = rng.integers(2, size=24)
        assert best_constant_mse(labels) <= np.mean((labels - rng.random()) ** 2)


def test_the_published_run_of_96_qubits_is_worse_than_a_constant():
    claim = SHIPPED["trained_96_qubits_on_a_device"]
    (found,) = claim_rows([claim], frames())
    assert (found["value"], found["threshold"]) == (0.2704, 0.25)
    assert found["verdict"] == "refuted"
    (test,) = claim.tests
    better = ClaimTest(test.says, test.relation, test.threshold, published=0.2496)
    assert ask(better, {}).outcome == "holds"


def test_a_hundred_qubits_do_not_fit_the_largest_ion_machine_one_by_one():
    claim = SHIPPED["hundred_qubits_fit_an_ion_machine"]
    largest = max(d.n_qubits for d in DEVICES.values() if d.vendor == "quantinuum")
    assert largest == 98
    one_by_one, used_again = claim_rows([claim], frames())
    assert (one_by_one["outcome"], one_by_one["threshold"]) == ("fails", 98)
    assert used_again["outcome"] == "no rows"
    again = row(claim.tests[1], True, n_physical=7, device_qubits=98)
    rows = claim_rows([claim], frames([("hardware", again)]))
    assert rows[0]["verdict"] == "conditional"
    assert "Holds for: measured qubits that are used again." in rows[0]["verdict_reason"]


@pytest.mark.parametrize(
    ("relation", "ends", "outcome"),
    [
        ("above", (0.61, 0.7), "holds"),
        ("above", (0.5, 0.6), "fails"),
        ("above", (0.59, 0.7), "undecided"),
        ("below", (0.5, 0.59), "holds"),
        ("below", (0.6, 0.7), "fails"),
        ("at_most", (0.5, 0.6), "holds"),
        ("at_most", (0.61, 0.7), "fails"),
        ("at_least", (0.6, 0.7), "holds"),
        ("equal", (0.6, 0.6), "holds"),
        ("equal", (0.7, 0.7), "fails"),
        ("above", (np.nan, 0.7), "undecided"),
    ],
)
def test_an_interval_holds_wholly_fails_wholly_or_decides_nothing(relation, ends, outcome):
    assert compared(relation, ends, 0.6) == outcome


ABOVE = ClaimTest(
    "a network",
    "above",
    0.6,
    table="scores",
    where={"n_qubits": {"at_least": 100}},
    column="value",
)


def score(value, half=0.05, **other):
    known = {"status": "ok", "run_id": f"run {value} {other}", "n_qubits": 100, "arm": "a"}
    return known | {"value": value, "lower": value - half, "upper": value + half} | other


def test_repeats_are_one_cell_judged_by_their_median_and_its_interval():
    values = [0.9, 0.5, 0.95, 0.8, 0.85]
    rows = [("scores", score(v, repeat=i)) for i, v in enumerate(values)]
    found = ask(ABOVE, frames(rows))
    assert (found.value, found.n_rows, len(found.run_ids)) == (0.85, 5, 5)
    # bootstrap over five repeats reaches their extremes, states another 0.05 about the median
    assert (found.lower, found.upper) == (0.5, 0.95)
    assert found.outcome == "undecided"
    better = ask(ABOVE, frames([*rows, ("scores", score(0.9, arm="b", repeat=0))]))
    assert (better.value, better.outcome, better.n_rows) == (0.9, "holds", 6)


def test_rows_that_did_not_end_well_or_are_narrower_say_nothing():
    rows = [("scores", score(0.9, status="failed")), ("scores", score(0.9, n_qubits=64))]
    assert ask(ABOVE, frames(rows)).outcome == "no rows"


def test_an_exact_moment_spans_what_its_relative_error_allows():
    test = ClaimTest(
        *("a tree", "above", -6), table="trainability", column="log10_gradient_variance_mean"
    )
    made = {"status": "ok", "run_id": "r", "log10_gradient_variance_mean": -5.9}
    sure = ask(test, frames([("trainability", made | {"gradient_relative_error": 0.1})]))
    assert (sure.lower, sure.upper) == pytest.approx((-5.9 + np.log10(0.9), -5.9 + np.log10(1.1)))
    assert sure.outcome == "holds"
    loose = ask(test, frames([("trainability", made | {"gradient_relative_error": 0.3})]))
    assert loose.outcome == "undecided"


def test_one_failed_test_refutes_a_claim_whose_tests_count_together():
    def claim(together):
        tests = (ABOVE, ClaimTest("98 qubits", "at_most", 98, published=100))
        return Claim("c", "s", "s", "w", tests, together, "")

    good = frames([("scores", score(0.9))])
    assert claim_rows([claim(True)], good)[0]["verdict"] == "refuted"
    assert claim_rows([claim(False)], good)[0]["verdict"] == "conditional"
    open_one = Claim("c", "s", "s", "w", (ABOVE,), True, "")
    assert claim_rows([open_one], frames())[0]["verdict"] == "cannot be tested here"


def test_rows_are_of_the_table_and_cards_show_them():
    rows = claim_rows(SHIPPED.values(), frames([("scores", score(0.9, dataset="spt_path"))]))
    table = to_table("claims", rows).to_pandas()
    shown = cards(table)
    assert [card.name for card in shown] == list(SHIPPED)
    assert {card.verdict for card in shown} <= set(VERDICTS)
    run = next(card for card in shown if card.name == "trained_96_qubits_on_a_device")
    assert run.findings[0].found == "0.2704, asked < 0.25"
    assert (run.tone, run.reason) == ("bad", "1 fails")


def test_cards_show_the_unit_of_what_a_claim_asks():
    cheap = ClaimTest("an arm", "below", 60, table="runs", column="cpu_time_s")
    run = {"status": "ok", "run_id": "r", "cpu_time_s": 2.5}
    rows = claim_rows([Claim("c", "s", "s", "w", (cheap,), True, "")], frames([("runs", run)]))
    (card,) = cards(to_table("claims", rows).to_pandas())
    assert card.findings[0].found == "2.5 s, asked < 60 s"


def test_sources_that_are_cited_by_doi_are_in_the_bibliography():
    bibliography = (CLAIMS.parents[1] / "qnnbench/report/references.bib").read_text()
    cited = [
        c.source.split("doi:")[1].split(";")[0].split(",")[0]
        for c in SHIPPED.values()
        if "doi:" in c.source
    ]
    assert len(cited) == 2
    for doi in cited:
        assert f"{{{doi}}}" in bibliography


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("table: scores", "table: score", "No table named 'score'. Did you mean 'scores'"),
        ("column: paired_lower", "column: pairedlower", "Did you mean 'paired_lower'"),
        ("take: max", "take: mean", "'mean' is not one of ['max', 'min']"),
        ("would_verify: Exact", "verify: Exact", "No key named 'verify'"),
        ("bound: the error of the best constant", "bound: chance", "No bound named 'chance'"),
        ("id: gradients_do_not_vanish", "id: trainable_at_100_qubits", "names two claims"),
        ("        published: 0.2704\n", "", "rows need table"),
        ("published: 0.2704", "published: 0.27\n        take: max", "leave take out"),
        ("    cannot_be_tested: every number", "    # every number", "say either tests or why"),
        ("is: {above: 0.6}", "is: {above: 0.6, below: 1}", "has too many properties"),
        ("ansatz: qcnn", "ansatz: {at_least: 3}", "'ansatz' holds no numbers"),
        ("column: value", "column: reason", "'reason' holds no numbers"),
        ("ansatz: qcnn", "ansatz: 1180591620717411303424", "'ansatz' holds words; found 118"),
        ("n_qubits: {at_least: 100}", "n_qubits: wide", "'n_qubits' holds numbers; found 'wide'"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path, old, new, said):
    text = CLAIMS.read_text()
    assert old in text
    path = tmp_path / "claims.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"The claims have \d problem") as error:
        load_claims(path)
    assert said in str(error.value)
    assert f"{path}:" in str(error.value)


def test_what_is_no_claims_file_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config/claims\.yaml"):
        load_claims(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(ValueError, match="must hold a YAML mapping, found list"):
        load_claims(tmp_path / "list.yaml")


def test_the_document_says_what_the_schema_takes(tmp_path):
    text = (CLAIMS.parents[1] / "docs" / "judging.md").read_text()
    (tmp_path / "claims.yaml").write_text(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])
    (claim,) = load_claims(tmp_path / "claims.yaml")
    assert claim.tests[0].says == "the phases of spt_path"
    scope = {}
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], scope)
    assert scope["verdicts"]["trained_96_qubits_on_a_device"] == "refuted"

"""Rows in, matplotlib figure out: what each figure shows and how it is defined.

Adding a figure is one function and one entry of ``FIGURES``; the report and the
contract tests find it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from qnnbench.figures import (
    comparisons,
    decoding,
    depth,
    device_training,
    hardware,
    ladder,
    learning,
    pairs,
    preparation,
    quantiles,
    scores,
    success,
    trainability,
)
from qnnbench.figures.panels import NARROW, WIDE, Layout
from qnnbench.figures.style import DARK, LIGHT, render

__all__ = ["DARK", "FIGURES", "LIGHT", "NARROW", "WIDE", "Drawing", "Layout", "render"]


@dataclass(frozen=True)
class Drawing:
    """A figure of the report.

    Attributes:
        name: File name without suffix, and anchor on the page.
        section: Heading of its section.
        tables: The tables whose rows it takes, together.
        select: Maps those rows to the ones it draws.
        draw: Maps the tables' rows and a layout to a figure; without drawable rows the
            figure says so.
        headline: Maps the drawn rows, at least one, to what is seen, in a sentence.
        definition: What exactly is plotted.
        wants: Which rows it lacks when there is nothing to draw.
        column: How wide it is printed, a key of ``printed.COLUMN_MM``.
    """

    name: str
    section: str
    tables: tuple[str, ...]
    select: Callable[[pd.DataFrame], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Layout], Figure]
    headline: Callable[[pd.DataFrame], str]
    definition: str
    wants: str
    column: str = "double"


_SCORE_DEFINITION = (
    "Filled markers: the median repeat on the test states, with its 95 % interval (truncation "
    "error where an ensemble is scored whole); small dots: the other repeats. Hollow markers: "
    "the same network before training, where there is one. Arms stand slightly apart so that "
    "intervals stay visible. Chance and ceiling: a line for all arms, or where they differ "
    "one for each. "
)

FIGURES = {
    figure.name: figure
    for figure in (
        Drawing(
            "gradient_variance",
            "Variance against width",
            ("trainability",),
            trainability.drawable,
            trainability.gradient_variance,
            trainability.headline,
            "First panel: variance of ∂C/∂θ over random initial angles; solid lines average it "
            "over all symbols θ of the circuit, dotted lines take the largest. Second panel: "
            "variance of the loss C itself, the expectation of the observable. Lines are computed "
            "without sampling, with the relative error in the table below; hollow points are "
            "sampled, with their 95 % bootstrap interval, shown again alone with the lines they "
            "check, and dashed lines are closed forms. A "
            "label names the ansatz and what tells its own curves apart, and says where symbols "
            "are tied; the table has the rest. Angles are uniform where a network was also asked "
            "about under other laws. Derivatives are with respect to the symbol, in radians.",
            "moments of an ansatz with a variance above zero",
        ),
        Drawing(
            "gradient_quantiles",
            "Typical gradients",
            ("trainability",),
            quantiles.typical_gradients,
            quantiles.gradient_quantiles,
            quantiles.headline,
            "Where angles were sampled: median of |∂C/∂θ| over draws and symbols, its 5 % to 95 % "
            "quantiles as a band, and the root mean square, which is what a variance tells. A few "
            "large gradients can make a variance that no typical one has. Bars: 95 % bootstrap "
            "interval of the root mean square. Exact zeros lie on the lower edge.",
            "sampled gradients",
        ),
        Drawing(
            "gradient_map",
            "Inside a circuit",
            ("trainability",),
            depth.mapped,
            depth.gradient_map,
            depth.map_headline,
            "Variance of ∂C/∂θ for every angle of the widest hardware-efficient circuit of each "
            "observable, at the layer and qubit of its gate; layer 1 acts first. The two panels "
            "of one observable share a colour scale. Blank where the variance is exactly zero.",
            "moments of every angle of a layered circuit",
        ),
        Drawing(
            "variance_by_depth",
            "Depth",
            ("trainability",),
            depth.scanned,
            depth.variance_by_depth,
            depth.depth_headline,
            "Variances at one width against the number of layers. Edge: mean over the angles of "
            "the first and the last qubit; bulk: of the middle ones. Dashed: least-squares line "
            "through the deeper half of the depths, drawn through all; its slope is in the label.",
            "curve over several depths at one width",
        ),
        Drawing(
            "initial_laws",
            "Initial angles",
            ("trainability",),
            comparisons.laws,
            comparisons.initial_laws,
            comparisons.laws_headline,
            "Mean over all symbols of the variance of ∂C/∂θ, for one network per panel, under "
            "each law its first angles were drawn from. A gaussian law has the named variance in "
            "rad², at n qubits and L layers. In identity blocks each block of layers is followed "
            "by its mirror image, which undoes it: another circuit, whose loss starts constant.",
            "network under several laws of its angles",
        ),
        Drawing(
            "loss_and_contrast",
            "Loss and classes",
            ("trainability",),
            comparisons.contrasts,
            comparisons.loss_and_contrast,
            comparisons.contrast_headline,
            "Variance over random angles of the loss C on |0…0⟩, and of the contrast C(A) - C(B) "
            "between the first state of each class of a dataset, before the noise of its samples. "
            "A contrast far below the loss is a plateau in the one direction that carries the "
            "label. Dashed: closed forms.",
            "moments of a class contrast",
        ),
        Drawing(
            "learning_curves",
            "Learning curves",
            ("steps", "runs"),
            learning.compared,
            learning.learning_curves,
            learning.headline,
            f"Training loss at up to {learning.MOST_STEPS} evenly spaced steps and score on the "
            "validation states where it was evaluated, for each dataset and task at the largest "
            "width at which most of its arms ran, and at the largest of all. Thin lines: one "
            "repeat, with its own seed. Bold: their median, step by step. Band: its 95 % "
            "bootstrap interval over repeats, which of up to five repeats is their range. A "
            "marker: scored once. Arms of one panel may minimise different losses, so only the "
            "shape of a loss curve compares; an arm with two losses in turn has a curve for "
            "each. Of several learning rates: the one that validated best.",
            "training steps",
        ),
        Drawing(
            "gradient_curves",
            "Gradients in training",
            ("steps", "runs"),
            learning.with_gradients,
            learning.gradient_curves,
            learning.gradient_headline,
            "The gradient of the training loss at every step, of the same arms. Bold: the median "
            "of |∂L/∂θ| over the angles; band: its 5 % to 95 % quantiles over the angles; dotted: "
            "the norm over all angles. Each is the median over repeats. A panel ends two decades "
            "below its lines: what is smaller is most often exactly zero.",
            "training steps with a gradient",
        ),
        Drawing(
            "success",
            "Success",
            ("scores",),
            success.judged,
            success.success,
            success.headline,
            "Share of repeats, each with its own seed, that succeed, with its 95 % Wilson "
            "interval; hollow: of the same networks before training. A repeat succeeds where its "
            f"main test score comes {100 * success.REACHED:.0f} % of the way from chance to its "
            "ceiling; on ghz_dephased where its contrast reaches "
            f"{100 * success.CONTRAST_REACHED:.0f} % of the most that any observable between -1 "
            "and 1 has on the noisy states. Rows that are not ok count in no share; the table of "
            "scores has their number.",
            "test scores with a chance line and a ceiling",
        ),
        Drawing(
            "accuracy",
            "Classification",
            ("scores",),
            scores.accuracies,
            scores.accuracy,
            scores.headline,
            _SCORE_DEFINITION + "Accuracy is the fraction of test states whose class is named "
            "correctly: from exact means, or where an arm reads shots alone, from the fewest "
            "copies of a state. Chance is the accuracy of a constant answer.",
            "test scores with the metric accuracy",
        ),
        Drawing(
            "ladder",
            "Difficulty",
            ("scores", "rivals"),
            ladder.ranked,
            ladder.ladder,
            ladder.headline,
            "Accuracy on the test states with its 95 % Wilson interval, of the median repeat, "
            "for every learner and what was measured of each state: expectation values of the "
            "readout of a trained network, one shot of it, records that classical rivals learn "
            "from, or joint shots of two copies; hollow: networks before training. Each dataset "
            "is shown at its smallest and at its largest width, the easiest first: by the mean "
            "accuracy, over widths, of the learners that all datasets have from the same record "
            "and copies (of all learners where they share none). Ticks: the ceiling of the "
            "record, where one below 1 is known: the best that any measurement of so many "
            "copies can reach, and for separate shots of two copies a bound on every "
            "measurement without a gate between them (positive partial transpose).",
            "test accuracies",
        ),
        Drawing(
            "regression",
            "Regression",
            ("scores",),
            scores.regressions,
            scores.regression,
            scores.headline,
            _SCORE_DEFINITION + "R² is one minus the mean squared error on the test states over "
            "the variance of their targets; chance is the constant answer: the mean training "
            "target. Beside it, what R² lacks to one, on a logarithmic scale.",
            "test scores with the metric r_squared",
        ),
        Drawing(
            "compression",
            "Fidelity against width",
            ("scores",),
            scores.fidelities,
            scores.compression,
            scores.headline,
            _SCORE_DEFINITION + "Fidelity is the overlap of a test state with its reconstruction "
            "after all but the kept qubits were reset, averaged over test states. The chance line "
            "is the fidelity of the identity circuit; the ceiling is what the spectrum of the "
            "ensemble allows. Networks that keep several numbers of qubits have the next figure.",
            "test scores with the metric fidelity",
        ),
        Drawing(
            "rate",
            "Rate of compression",
            ("scores",),
            scores.rates,
            scores.rate,
            scores.headline,
            _SCORE_DEFINITION + "Fidelity as above, of networks that compress one dataset of one "
            "width to several numbers of kept qubits. A label names ansatz and loss.",
            "fidelities of one network at several numbers of kept qubits",
            column="single",
        ),
        Drawing(
            "preparation",
            "Preparing states",
            ("scores",),
            preparation.prepared,
            preparation.preparation,
            preparation.headline,
            "Fidelity of the prepared state with its target against the number of layers. Filled "
            "markers: the median over repeats with its 95 % bootstrap interval (of up to five "
            "their range); dots: repeats; hollow: before training. Lines: the best product state, "
            "and what the Schmidt ranks that a circuit of this depth can make allow.",
            "fidelities of prepared states",
        ),
        Drawing(
            "decoding",
            "Decoding",
            ("scores",),
            decoding.decoded,
            decoding.decoding,
            decoding.headline,
            "How often the answer to a syndrome is wrong, against the probability of a bit flip "
            "per data qubit. Filled markers: the median over repeats with its 95 % bootstrap "
            "interval; dots: repeats; hollow: before training. Lines: the logical as it is, "
            "checks not looked at, and the best answer to every syndrome, where these can be "
            "enumerated.",
            "logical accuracies",
            column="single",
        ),
        Drawing(
            "hardware",
            "Accuracy with errors",
            ("hardware",),
            hardware.drawable,
            hardware.hardware,
            hardware.headline,
            "Accuracy of trained networks on error models of machines, or on machines and their "
            "emulators, with its 95 % Wilson interval: over test states where all "
            "shots of a state decide, over shots of these states where each decides. Measured "
            "qubits are used again: below the width stands on how many physical qubits it runs. "
            "Hollow: the device has fewer qubits than the network. The threshold is set without "
            "errors. Models have published gate, readout and (H2) memory errors; those of Heron "
            "leave out swaps and waiting, that of Helios waiting: they are optimistic.",
            "runs on machines with errors",
        ),
        Drawing(
            "device_training",
            "Training on machines",
            ("device_steps",),
            device_training.followed,
            device_training.device_training,
            device_training.headline,
            "Class contrast, which is minimised, against all shots spent, those of the "
            "measurements shown included. Markers: measured by shots on the error model, on "
            "validation states that no step sees; of the median repeat, with the 95 % interval "
            "of its shot noise; dots: the other repeats. Lines: the exact contrast of every "
            "repeat at the same angles on the same states, without errors and shot noise. "
            "Markers above their lines: errors of the machine. Cold: from the arm's own first "
            "angles; trained: from where classical training ended; perturbed: from there, after "
            "normal angles of so many radians were added to all.",
            "training by shots",
        ),
        Drawing(
            "two_copies",
            "Two copies",
            ("scores",),
            pairs.pair_scores,
            pairs.two_copies,
            pairs.headline,
            "Accuracy on fresh pairs of copies of a state. Markers: the median over repeats, with "
            "a bar down to the minimum; dots: each repeat. The optimum is the best that any "
            "measurement of so many copies can reach; the bound holds for every measurement of "
            "both copies without a gate between them (positive partial transpose). The arms xor "
            "and both_copies measure the copies separately.",
            "accuracies of pairs of copies",
        ),
        Drawing(
            "label_free",
            "Labels or no labels",
            ("scores",),
            scores.label_study,
            scores.label_free,
            scores.headline,
            _SCORE_DEFINITION + "The two classes of ghz_dephased agree on every subset of n-1 "
            "qubits. Contrast is the difference of the class means of the readout; its magnitude "
            "is drawn again on a logarithmic scale, without exact zeros. A magnitude below the "
            "error estimate of its row cannot be told from zero.",
            "test scores on ghz_dephased",
        ),
    )
}

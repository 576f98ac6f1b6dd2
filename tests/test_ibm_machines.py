"""What a job on IBM's machines costs and what they take, known without Qiskit."""

import subprocess
import sys

import cirq
import pytest

from qnnbench.hardware.ibm import VENDOR
from qnnbench.hardware.ibm.machines import check_fits, duration, quantum_seconds
from qnnbench.hardware.machine import MachineCircuit

a, b = cirq.LineQubit.range(2)
PULSE = cirq.PhasedXPowGate(exponent=0.3, phase_exponent=0.1)


def machine(*ops, read=()):
    return MachineCircuit(cirq.Circuit(ops), read, 2)


FED_FORWARD = machine(
    PULSE(a),
    cirq.Z(a) ** 0.2,
    cirq.ZZ(a, b) ** 0.4,
    cirq.measure(a, key="m0"),
    PULSE(b).with_classical_controls("m0"),
    cirq.ResetChannel()(a),
    cirq.measure(b, key="m1"),
    read=("m1",),
)


def test_a_shot_lasts_as_long_as_its_longest_chain():
    # pulse, ZZ, measurement, bit to the other qubit (1 µs), pulse, measurement
    expected = 32 + 68 + 2280 + 1000 + 32 + 2280
    assert duration(FED_FORWARD, "ibm_kingston") == pytest.approx(expected * 1e-9)
    # without the bit the reset is the end of the chain
    alone = machine(cirq.measure(a, key="m0"), cirq.ResetChannel()(a), read=("m0",))
    assert duration(alone, "ibm_kingston") == pytest.approx((2280 + 2312) * 1e-9)
    assert duration(alone, "fake_kingston") == duration(alone, "ibm_kingston")


def test_the_price_is_ibms_formula_and_never_below_its_short_form():
    assert quantum_seconds(FED_FORWARD, 10_000, "ibm_kingston") == pytest.approx(2 + 3.5)
    long = machine(*(PULSE(a) for _ in range(10_000)), cirq.measure(a, key="m0"), read=("m0",))
    shot = 250e-6 + (10_000 * 32 + 2280) * 1e-9
    assert quantum_seconds(long, 10_000, "ibm_kingston") == pytest.approx(2 + 10_000 * shot)
    assert VENDOR.cost(long, 10_000, "fake_kingston") == 0  # a stand-in costs nothing


def test_what_a_machine_does_not_take_says_so():
    wide = machine(cirq.measure(cirq.q(132), key="m0"), read=("m0",))
    check_fits(wide, 100_000, "ibm_torino")
    wide = MachineCircuit(
        cirq.Circuit(cirq.measure(q, key=f"m{q.x}") for q in cirq.LineQubit.range(134)), (), 134
    )
    with pytest.raises(ValueError, match="ibm_torino has 133 qubits and the circuit uses 134"):
        check_fits(wide, 1, "ibm_torino")
    check_fits(wide, 1, "ibm_boston")
    for n_shots in (0, 100_001):
        with pytest.raises(ValueError, match=f"takes 1 to 100000 shots, asked for {n_shots}"):
            check_fits(FED_FORWARD, n_shots, "ibm_boston")
    with pytest.raises(ValueError, match=r"No IBM machine named 'ibm_bosten'.*'ibm_boston'"):
        quantum_seconds(FED_FORWARD, 1, "ibm_bosten")


def test_prices_need_none_of_ibms_packages():
    code = (
        "import sys\n"
        "from tests.test_ibm_machines import FED_FORWARD, VENDOR\n"
        "VENDOR.cost(FED_FORWARD, 10, 'ibm_torino')\n"
        "sys.exit(any(name.startswith('qiskit') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit", None)
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime", None)
    with pytest.raises(ImportError, match=r"need qiskit\w*, .* pip install 'qnnbench\[ibm\]'"):
        VENDOR.submit(FED_FORWARD, 10, "ibm_torino", 10.0, "ab" * 16)

"""Names, limits and prices of Quantinuum's machines; none of the vendor's packages is needed."""

import subprocess
import sys
import textwrap

import cirq
import pytest

from qnnbench.hardware.devices import DEVICES as PUBLISHED
from qnnbench.hardware.machine import MachineCircuit
from qnnbench.hardware.quantinuum import VENDOR
from qnnbench.hardware.quantinuum.bits import bit_names, counts_by_name
from qnnbench.hardware.quantinuum.machines import check_fits, is_helios, published


def row(n_qubits, read=("b", "a")):
    """Return a circuit with three one-qubit, two two-qubit and six SPAM operations at n = 2."""
    q = cirq.LineQubit.range(n_qubits)
    turn = cirq.PhasedXPowGate(phase_exponent=0.1, exponent=0.2)
    circuit = cirq.Circuit(
        [turn(q[0]), cirq.Z(q[0]) ** 0.3, cirq.ZZ(q[0], q[1]) ** 0.4, cirq.measure(q[0], key="a")],
        [turn(q[1]).with_classical_controls("a"), cirq.ResetChannel()(q[0]), turn(q[0])],
        [cirq.ZZ(q[0], q[1]) ** 0.4, cirq.measure(q[1], key="b"), cirq.measure(q[0], key="c")],
        [turn(other) for other in q[2:]],
    )
    return MachineCircuit(circuit, read, n_qubits)


def test_the_price_is_the_published_formula():
    # 5 + C (N_1q + 10 N_2q + 5 N_m) / 5000: 3 PhasedX, 2 ZZ, 2 preparations, 3 measurements
    # and 1 reset; Z is free.
    weight = 3 + 10 * 2 + 5 * (2 + 3 + 1)
    for device in ("H2-1", "H2-2", "H2-1E", "Helios-1", "Helios-1E"):
        assert VENDOR.cost(row(2), 1000, device) == pytest.approx(5 + 1000 * weight / 5000)
    assert VENDOR.cost(row(2), 1000, "Helios-1SC") == 0


def test_every_device_has_published_figures():
    assert len(VENDOR.devices) == 9
    assert {published(device).name for device in VENDOR.devices} == {
        name for name, device in PUBLISHED.items() if device.vendor == "quantinuum"
    }
    assert [device for device in VENDOR.devices if is_helios(device)] == [
        "Helios-1",
        "Helios-1E",
        "Helios-1SC",
    ]


@pytest.mark.parametrize("call", [published, is_helios, lambda d: VENDOR.cost(row(2), 1, d)])
def test_an_unknown_device_is_answered_with_those_there_are(call):
    with pytest.raises(ValueError, match=r"no device 'H9-1'; it has \['H2-1'"):
        call("H9-1")


@pytest.mark.parametrize(("device", "n_qubits"), [("H2-2", 56), ("Helios-1", 98)])
def test_limits_are_checked_and_the_message_says_what_to_do(device, n_qubits):
    check_fits(row(n_qubits), 10_000, device)
    with pytest.raises(ValueError, match=f"uses {n_qubits + 1} qubits, {device} has {n_qubits}"):
        check_fits(row(n_qubits + 1), 1, device)
    for n_shots in (0, 10_001):
        with pytest.raises(ValueError, match=f"asked for {n_shots}: split"):
            check_fits(row(2), n_shots, device)


def test_the_name_of_a_bit_is_its_place_in_the_outcome():
    assert bit_names(row(2)) == {"a": "r0001", "b": "r0000", "c": "c0002"}
    with pytest.raises(ValueError, match="read once"):
        bit_names(row(2, read=("a", "a")))


def test_outcomes_keep_their_order_whatever_the_order_of_bits():
    read = tuple(f"k{i}" for i in (7, 10, 2, 11, 1, 3, 9, 0, 5, 4, 8, 6))
    measured = [cirq.measure(cirq.LineQubit(int(key[1:])), key=key) for key in sorted(read)]
    names = bit_names(MachineCircuit(cirq.Circuit(measured), read, 12))
    shot = {names[key]: int(key[1:]) % 2 for key in sorted(read)}
    assert counts_by_name([{**shot, "c0001": 1}] * 3) == {"100111101000": 3}


def test_without_the_extra_the_message_says_how_to_install_it():
    program = """
        import sys
        for name in ("pytket", "guppylang", "qnexus"):
            sys.modules[name] = None
        import cirq
        from qnnbench.hardware.machine import MachineCircuit
        from qnnbench.hardware.quantinuum import VENDOR, run_locally
        measured = cirq.measure(cirq.LineQubit(0), key="m")
        machine = MachineCircuit(cirq.Circuit(measured), ("m",), 1)
        print(VENDOR.cost(machine, 5000, "H2-1"))
        for call in (lambda: run_locally(machine, 1, 1), lambda: VENDOR.find("0", "H2-1")):
            try:
                call()
            except ModuleNotFoundError as error:
                print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    price, *messages = found.stdout.splitlines()
    assert price == "15.0"
    assert len(messages) == 2
    for message in messages:
        assert message.endswith("run pip install 'qnnbench[quantinuum]'.")

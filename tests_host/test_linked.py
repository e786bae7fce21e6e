# SPDX-License-Identifier: MIT
"""The program of an image is the program of the sources: the same bytes on every bus, the same memories, events and face.

On MicroPython the tape of a run of the plain sources in CPython is played to it, heap locked: keys, events, an interval that
ends with a switch of the tariff. In CPython it runs on the bench beside the plain sources, with faults of every kind.
"""

import subprocess
from pathlib import Path

import pytest

from host_tools import image
from host_tools.bench import callgrind, job, runtimes
from host_tools.bench.scenes import Scene
from tests_host import linked_program
from tests_host.proofs import two_runtimes

BENCHMARKS = image.board_files.ROOT / "tests_host" / "benchmarks"
FAULTS = "spi_flip=1e-4,chip_reset=1,mcu_reset=1,i2c_flip=1e-5,hang=1,outage=1,rtc_loss=1,fram_corrupt=1,relay_weld=1"
MODELS = [("e1c1", "ht1621"), ("e1c1r", "pcf85176"), ("e1c2", "pcf85176"), ("e1c2r", "pcf85176"), ("e2c2", "ht1621")]
PLAY = "import locked\nprint(locked.__file__, locked.play({!r}, {!r}, {!r}, {!r}, {}))"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Folder with the linked firmware and the player of tapes, compiled."""
    folder = tmp_path_factory.mktemp("linked")
    modules = [row for row in image.sources("arduino_giga") if row[0].parts[0] not in ("board", "bringup")]
    modules += [(Path(name), BENCHMARKS / f"{name}.py") for name in ("tape_player", "locked")]
    image.compile_tree(modules, "x64", folder / "tree", folder / "source")
    assert (folder / "source" / "names.json").exists()
    return folder / "tree"


@pytest.mark.slow
@pytest.mark.parametrize("variant, lcd", MODELS)
@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
def test_it_plays_the_tape_of_the_sources(chip, variant, lcd, tree, tmp_path):
    scene = Scene(chip, variant, lcd)
    tape = tmp_path / "tape"
    scene.record(tape)
    assert scene.switches == 1 and scene.intervals == 1
    script = PLAY.format(str(tape), chip, variant, lcd, scene.steady_pass)
    command = [runtimes.micropython(), "-c", script]
    done = subprocess.run(command, env=callgrind.environment((tree,)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.startswith(f"{tree}/locked.mpy locked ")
    assert done.stdout.endswith(f" {scene.wh[0]} Wh\n")


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return linked_program.builder(linked_program.load(tmp_path_factory.mktemp("program")))


@pytest.mark.slow
@pytest.mark.parametrize("faults", ["", FAULTS])
@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
def test_it_is_the_same_meter_on_the_bench(chip, faults, build, monkeypatch):
    plain = two_runtimes.outcome(chip, "cpython", 2100, 5, faults)
    monkeypatch.setattr(job, "build", build)
    linked = two_runtimes.outcome(chip, "cpython", 2100, 5, faults)
    for name, value in plain.items():
        assert linked[name] == value, name
    assert sum(plain["elements"][0]["wh"]) > 35 and (plain["boots"] > 1 or not faults)


@pytest.mark.slow
def test_the_bench_runs_the_linked_program(build):
    """And not the sources under another name."""
    simulation = job.Job(chip="ade9153a", loads=["1000W"], until_s=5).simulation()
    simulation.build = build
    meter = simulation.run().meter
    assert type(meter).__module__ == "linked_app"
    assert type(meter.elements[0].front_end).__module__ == "linked_drivers.ade9153a"

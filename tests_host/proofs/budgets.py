"""The budgets of docs/architecture.md that can be asserted: bytes and instructions, never times.

Allocation: the heap is locked around whole passes of the firmware playing the tape of a scripted run (Wh rolls, keys, events,
accumulators at 2^30, 2^31, negative and at wrap, dated 2035), on the unix port and on the 32-bit WASM port. Instructions:
callgrind on the unix port, difference of two run lengths, the tape's own share measured apart and taken off.
"""

import subprocess
import tempfile
from pathlib import Path

from host_tools.bench import callgrind, runtimes
from host_tools.bench.job import Job
from host_tools.bench.scenes import Scene

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ROOT / "tests_host" / "benchmarks"
PASS_LIMIT = 600_000  # instructions of a full pass
APP_LIMIT = 150_000


def _lines(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command[:3]))}: {(done.stdout + done.stderr)[-400:]}"
    return done.stdout.strip().splitlines()[-1]


def locked(folder, chip, ports):
    """Play the chip's scene with the heap locked. returns: passes locked"""
    scene = Scene(chip)
    tape = folder / f"{chip}.tape"
    scene.record(tape)
    arguments = [str(tape), chip, scene.variant, scene.lcd, str(scene.steady_pass)]
    environment = callgrind.environment((ROOT / "firmware", BENCHMARKS))
    found = []
    if "unix" in ports:
        command = [runtimes.micropython(), str(BENCHMARKS / "locked.py"), *arguments]
        found.append(int(_lines(command, env=environment).split()[1]))
    if "wasm" in ports:
        found.append(int(_lines([runtimes.node(), str(BENCHMARKS / "locked_wasm.mjs"), *arguments]).split()[1]))
    assert min(found) > 100, f"{chip}: only {found} passes were locked"
    return min(found)


def instructions(folder, chip):
    """(whole pass without the tape's share, app alone), of the mix of passes at one second."""
    scene = Scene(chip, load="1000W", until_s=140, quiet=True)
    tape = folder / f"{chip}.quiet.tape"
    scene.record(tape)
    options = f"{tape} {chip} {scene.variant} {scene.lcd} 1000 {scene.steady_pass}"
    lengths = (20, 80)
    cost = {
        name: callgrind.per_iteration("passes", name, lengths, heapsize="8M", tape=options)
        for name in ("whole", "bus", "app")
    }
    return cost["whole"] - cost["bus"], cost["app"]


def gaps():
    """dict board -> longest_gap_ms of ten minutes."""
    found = {}
    for board in ("esp32_s3_devkitc", "esp32_devkitc", "arduino_giga"):
        sim = Job(board=board, tick_ms=100, until_s=600, loads=["steps:2300W:50s:-9kW:20s"]).simulation().run()
        found[board] = sim.world.longest_gap_us / 1000
        assert found[board] <= 100, f"{board}: {found[board]} ms between two energy reads"
    return found


def prove(full):
    """Quick: allocation of both chips on both ports. Full: instructions, heap and gaps as well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        passes = {chip: locked(folder, chip, ("unix", "wasm")) for chip in ("ade9153a", "atm90e26")}
        line = (
            "0 B allocated in " + ", ".join(f"{n} passes of {chip}" for chip, n in passes.items()) + " (unix and WASM)"
        )
        if not full:
            return line
        whole, app = instructions(folder, "ade9153a")
        assert whole <= PASS_LIMIT, f"{whole} instructions a pass"
        assert app <= APP_LIMIT, f"{app} instructions of the app a pass"
        line += f"; ADE9153A pass {whole} instructions, app {app}"
    found = gaps()
    line += "; longest gap " + ", ".join(f"{ms:.0f} ms {board}" for board, ms in found.items())
    return line

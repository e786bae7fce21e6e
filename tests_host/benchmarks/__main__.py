# SPDX-License-Identifier: MIT
"""`make bench`: the budgets as they are today, one row each: figure, budget, how it was measured. Never fails on a figure.

python -m tests_host.benchmarks [--year]     --year: the whole recorded year, else 30 days of it, scaled
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
for folder in (ROOT, ROOT / "firmware", ROOT / "host_tools" / "shims"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from host_tools.bench import callgrind, heap  # noqa: E402
from host_tools.bench.job import Job  # noqa: E402
from host_tools.bench.scenes import Scene  # noqa: E402
from tests_host.proofs import budgets  # noqa: E402

YEAR = ROOT / "data" / "household_fr" / "fr_sceaux_2008_1min.csv.gz"


def row(name, figure, budget, how):
    print(f"{name:36} {figure:>22}  budget {budget:22} {how}", flush=True)


def speed():
    job = Job(until_s=7200, loads=["1000W"], tick_ms=1000)
    sim = job.simulation()
    begun = time.process_time()
    sim.run()
    used = time.process_time() - begun
    row(
        "simulation, 1 s ticks",
        f"{7200 / used:.0f} x real time",
        ">= 10 000 x",
        "CPU time of 2 h at 1 kW, CPython, this machine",
    )


def year(whole):
    days = 366 if whole else 30
    job = Job(inputs=[str(YEAR)], tick_ms=60_000, until_s=days * 86_400)
    sim = job.simulation()
    begun = time.process_time()
    sim.run()
    used = (time.process_time() - begun) * 366 / days
    row("a year of minutes, 60 s ticks", f"{used:.0f} s", "<= 60 s", f"CPU time of {days} days, scaled, this machine")


def driver():
    """A tick of the ATM90E26 driver on the bus of atm90e26_bus.py (docs/benchmarks.md)."""
    for name, registers in (("full", 13), ("energy", 6)):
        taken = heap.allocated("atm90e26_tick", name, count=200)
        whole, bus = (callgrind.per_iteration("atm90e26_tick", name + share, (20, 220)) for share in ("", "_bus"))
        row(
            f"ATM90E26 driver, {name} tick",
            f"{taken:.0f} B, {whole}",
            "0 B",
            f"{bus} of the instructions are the bus; {registers} registers, each verified",
        )


def main(arguments):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for chip in ("ade9153a", "atm90e26"):
            passes = budgets.locked(folder, chip, ("unix", "wasm"))
            row(f"heap of a pass, {chip}", f"0 B in {passes} passes", "0 B", "heap locked, unix and 32-bit WASM ports")
        for chip in ("ade9153a", "atm90e26"):
            whole, app = budgets.instructions(folder, chip)
            row(
                f"instructions of a pass, {chip}",
                f"{whole}",
                "<= 600 000",
                "callgrind, unix port, the tape's share off",
            )
            row(f"  of which the app, {chip}", f"{app}", "<= 150 000", "callgrind, drivers that only answer")
            saving = budgets.energy_and_save(folder, chip)
            row(f"  energy and save alone, {chip}", f"{saving}", "<= 150 000", "callgrind, 100 ms passes at 21 kW")
        scene = Scene("ade9153a", load="1000W", until_s=60, quiet=True)
        tape = folder / "boot.tape"
        scene.record(tape)
        use = heap.held(
            "passes", "booted", tape=f"{tape} ade9153a {scene.variant} {scene.lcd} 1000 {scene.steady_pass}"
        )
        row(
            "heap after boot, from files",
            f"{use.board} B",
            "<= 229 376 B",
            "(unix bytes + data bytes) / 2, code compiled in RAM",
        )
        for model, use in budgets.heap_in_rom(folder).items():
            row(
                f"heap in ROMFS, {model}",
                f"{use.board} B",
                "<= 98 304 B",
                f"(unix {use.used} B + data {use.data} B) / 2",
            )
    driver()
    for board, ms in budgets.gaps().items():
        row(f"longest gap, {board}", f"{ms:.0f} ms", "<= 100 ms", "ten minutes on the board's cost table")
    speed()
    year("--year" in arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The budgets of docs/architecture.md that can be asserted: bytes and instructions, never times.

Allocation: the heap is locked around whole passes of the firmware playing the tape of a scripted run (Wh rolls, keys, events,
a half-hour that ends with a switch of the tariff, accumulators at 2^30, 2^31, negative and at wrap, dated 2035), on the unix
port and on the 32-bit WASM port. Instructions: callgrind on the unix port, difference of two run lengths, the tape's own share
measured apart and taken off. Heap after boot: the firmware in a ROMFS made like a board's, the largest of the models, (bytes of
the unix port + bytes of data) / 2.
"""

import subprocess
import tempfile
from pathlib import Path

from host_tools import image
from host_tools.bench import callgrind, heap, runtimes
from host_tools.bench.job import Job
from host_tools.bench.scenes import Scene
from host_tools.bench.tape import I2C_MEM_WRITE, I2C_READ, I2C_WRITE

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ROOT / "tests_host" / "benchmarks"
PASS_LIMIT = 600_000  # instructions of a full pass
APP_LIMIT = 150_000
SAVING_LIMIT = 150_000  # instructions of a pass that only reads the energy and saves it
ROM_HEAP_LIMIT = 96 * 1024  # bytes in use after boot, code in ROMFS
CHIPS = ("ade9153a", "atm90e26")
_I2C = (I2C_WRITE, I2C_READ, I2C_MEM_WRITE)


def _lines(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command[:3]))}: {(done.stdout + done.stderr)[-400:]}"
    return done.stdout.strip().splitlines()[-1]


def locked(folder, chip, ports):
    """Play the chip's scene with the heap locked. returns: passes locked"""
    scene = Scene(chip)
    tape = folder / f"{chip}.tape"
    scene.record(tape)
    assert scene.switches == 1 and scene.intervals == 1, (
        f"{chip}: {scene.switches} switches, {scene.intervals} intervals"
    )
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


def energy_and_save(folder, chip):
    """Instructions of a pass of the whole firmware between two seconds that reads the energy and saves it, tape's share off.

    At 21 kW each of the passes, 100 ms apart, has enough to save: the mean of six in a row within one second.
    """
    scene = Scene(chip, load="21kW", until_s=30, quiet=True, tick_ms=100)
    path = folder / f"{chip}.saving.tape"
    tape = scene.record(path)
    lengths = (1, 7)
    for second in scene.seconds:
        passes = range(second + 1, second + 1 + lengths[1])
        if second < scene.steady_pass or set(passes) & set(scene.seconds):
            continue
        # A save is one write to the FRAM, read back; any other transfer on I2C is not of such a pass.
        transfers = [[k for k in tape.operations(n - 1) if k in _I2C] for n in passes]
        if all(kinds == [I2C_WRITE, I2C_READ] for kinds in transfers):
            break
    else:
        raise AssertionError(f"{chip}: no second with {lengths[1]} saves in a row")
    options = f"{path} {chip} {scene.variant} {scene.lcd} 100 {second + 1}"
    cost = {
        name: callgrind.per_iteration("passes", name, lengths, heapsize="8M", tape=options) for name in ("whole", "bus")
    }
    return cost["whole"] - cost["bus"]


def heap_in_rom(folder):
    """dict "chip variant" -> heap.HeapUse after boot with the code in ROMFS, MicroPython's own included, fake hardware not."""
    rom = folder / "rom"
    modules = [module for module in image.sources("arduino_giga") if module[0].parts[0] not in ("board", "bringup")]
    modules += [(Path(name), BENCHMARKS / f"{name}.py") for name in ("tape_player", "rom_boot")]
    image.compile_tree(modules, "x64", rom)
    packed = folder / "unix.romfs"
    packed.write_bytes(image.romfs_of(rom))
    empty = heap.held("known", "holds_nothing")
    found = {}
    for chip in CHIPS:
        for variant in ("e1c2r", "e2c2"):  # three relays; two elements
            scene = Scene(chip, variant, load="1000W", until_s=30, quiet=True)
            tape = folder / f"{chip}.{variant}.boot.tape"
            scene.record(tape)
            options = f"{tape} {chip} {variant} {scene.lcd} 1000 {scene.steady_pass} {packed}"
            hardware, booted = (
                heap.held("rom_mount", name, path=(BENCHMARKS,), tape=options) for name in ("hardware", "booted")
            )
            found[f"{chip} {variant}"] = booted - hardware + empty
    return found


def gaps():
    """dict board -> longest_gap_ms of ten minutes."""
    found = {}
    for board in ("esp32_s3_devkitc", "esp32_devkitc", "arduino_giga"):
        sim = Job(board=board, tick_ms=100, until_s=600, loads=["steps:2300W:50s:-9kW:20s"]).simulation().run()
        found[board] = sim.world.longest_gap_us / 1000
        assert found[board] <= 100, f"{board}: {found[board]} ms between two energy reads"
    return found


def prove(full):
    """Quick: allocation of both chips on both ports. Full: instructions, heap and gaps as well, all of them before it fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        passes = {chip: locked(folder, chip, ("unix", "wasm")) for chip in CHIPS}
        line = (
            "0 B allocated in " + ", ".join(f"{n} passes of {chip}" for chip, n in passes.items()) + " (unix and WASM)"
        )
        if not full:
            return line
        line += "; instructions of a pass, of the app, of energy and save alone:"
        over = []
        for chip in CHIPS:
            whole, app = instructions(folder, chip)
            saving = energy_and_save(folder, chip)
            line += f" {chip} {whole}, {app}, {saving}"
            for figure, limit in ((whole, PASS_LIMIT), (app, APP_LIMIT), (saving, SAVING_LIMIT)):
                if figure > limit:
                    over.append(f"{chip} {figure} > {limit}")
        used = heap_in_rom(folder)
        worst = max(used, key=lambda name: used[name].board)
        line += f"; heap {used[worst].board} B ({worst}: {used[worst].used} B on unix, {used[worst].data} B data)"
        if used[worst].board > ROM_HEAP_LIMIT:
            over.append(f"heap {used[worst].board} > {ROM_HEAP_LIMIT}")
        assert not over, ", ".join(over) + line
    found = gaps()
    line += "; longest gap " + ", ".join(f"{ms:.0f} ms {board}" for board, ms in found.items())
    return line

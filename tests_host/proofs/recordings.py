"""Recorded households, files as they are, the way `meter sim` takes them: registers at the end against published totals.

Household 2008 (Sceaux, one minute): 9418.45 kWh and 1028.681 kvarh. SimBench h0a x 3 kW less pv3 x 4 kWp (quarters of an
hour): 2731.20 kWh in, 1787.91 kWh out. The meters are calibrated; their hidden errors are drawn by the seed.
"""

import time

from host_tools.bench.appliances import DATA
from host_tools.bench.job import Job, report
from host_tools.bench.loads import bounded
from host_tools.bench.recordings import open_recording
from host_tools.bench.world import SECOND_US

HOUSEHOLD = DATA / "household_fr" / "fr_sceaux_2008_1min.csv.gz"
SIMBENCH = DATA / "household_de_pv" / "simbench_2016_15min.csv.gz"
CHIPS = ("ade9153a", "atm90e26")
HOUSEHOLD_TOTALS = {"active_import_wh": 9_418_450, "reactive_import_varh": 1_028_681}
SIMBENCH_TOTALS = {"active_import_wh": 2_731_200, "active_export_wh": 1_787_910}
ACTIVE_PERCENT, REACTIVE_PERCENT, NET_PERCENT = 0.02, 0.3, 0.05
QUICK_S = 5 * 86_400
QUICK_SIMBENCH_S = 120 * 86_400  # from January into the sun
SEED = 1


def totals_of(path, seconds):
    """dict REGISTER_KEYS -> Wh of the first `seconds` of a recording, added up segment by segment, without a world."""
    found = dict.fromkeys(("active_import_wh", "active_export_wh", "reactive_import_varh", "reactive_export_varh"), 0)
    for us, point in bounded(open_recording(path).segments(), seconds * SECOND_US):
        found["active_export_wh" if point.active_mw < 0 else "active_import_wh"] += abs(point.active_mw) * us
        found["reactive_export_varh" if point.reactive_mvar < 0 else "reactive_import_varh"] += (
            abs(point.reactive_mvar) * us
        )
    return {key: nj / 3.6e12 for key, nj in found.items()}


def meter(chip, path, tick_ms, seconds):
    """(registers, wall seconds) of a calibrated meter on a recording."""
    job = Job(chip=chip, inputs=[path], tick_ms=tick_ms, until_s=seconds, seed=SEED)
    begun = time.perf_counter()
    sim = job.simulation().run()
    result = report(job, sim)
    assert result["longest_gap_ms"] <= 100, f"seed {SEED}, {chip}: {result['longest_gap_ms']} ms between two reads"
    return result["registers"], time.perf_counter() - begun


def check(chip, path, registers, totals, percent):
    """Errors of the registers in `totals`, in percent."""
    errors = []
    for key, wh in totals.items():
        error = 100 * (registers[key] / wh - 1)
        limit = percent[key]
        assert abs(error) <= limit, (
            f"seed {SEED}, {chip}, {path.name}: {key} {registers[key]} of {wh:.0f}, {error:+.4f} %"
        )
        errors.append(error)
    return errors


def prove(full):
    """Both years on both chips; quick: five days and four months, against what the files themselves add up to."""
    percent = {"active_import_wh": ACTIVE_PERCENT, "reactive_import_varh": REACTIVE_PERCENT}
    net = {"active_import_wh": NET_PERCENT, "active_export_wh": NET_PERCENT}
    household, simbench, household_s, simbench_s = HOUSEHOLD_TOTALS, SIMBENCH_TOTALS, None, None
    if not full:
        household_s, simbench_s = QUICK_S, QUICK_SIMBENCH_S
        household = {key: totals_of(HOUSEHOLD, household_s)[key] for key in household}
        simbench = {key: totals_of(SIMBENCH, simbench_s)[key] for key in simbench}
    said = []
    for chip in CHIPS:
        registers, wall_s = meter(chip, HOUSEHOLD, 60_000, household_s)
        active, reactive = check(chip, HOUSEHOLD, registers, household, percent)
        said.append(f"{chip} household {active:+.4f} % active, {reactive:+.3f} % reactive in {wall_s:.0f} s")
        registers, wall_s = meter(chip, SIMBENCH, 900_000, simbench_s)
        into, out = check(chip, SIMBENCH, registers, simbench, net)
        said.append(f"{chip} SimBench {into:+.4f} % in, {out:+.4f} % out in {wall_s:.0f} s")
    return "; ".join(said)

# SPDX-License-Identifier: MIT
"""However long a step was asked for: none is longer than what a chip can hold, or its driver believes, at full load."""

import itertools

import pytest

from host_tools.bench import loads
from host_tools.bench.job import Job, report
from host_tools.bench.world import SECOND_US

HOURS_S = 6 * 3600
POWER_MW = -25_000_000  # 0.9 inductive; 100 A at 253 V are 25.3 kVA
LOAD = (POWER_MW, 900)


def run(chip, tick_ms, runtime="cpython", until_s=HOURS_S):
    """(job, sim) at full load; the last five seconds are dark, so that no second is left open."""
    job = Job(chip=chip, tick_ms=tick_ms, until_s=until_s, runtime=runtime)
    job.sources = [itertools.chain(loads.bounded(loads.constant(*LOAD), (until_s - 5) * SECOND_US), loads.constant(0))]
    return job, job.simulation().run()


@pytest.mark.parametrize("chip", ["ade9153a", "atm90e26"])
def test_steps_of_an_hour_at_full_load_count_as_steps_of_a_minute(chip):
    ran = {}
    for tick_ms in (60_000, 3_600_000):
        job, sim = run(chip, tick_ms)
        ran[tick_ms] = found = report(job, sim)
        assert sim.detected()["rejects"] == 0
        # Held against what flowed, too: counts that went round twice would be alike.
        for key in ("active_export_wh", "reactive_export_varh", "apparent_export_vah"):
            flowed = found["truth"][key] - found["unmeasured_wh"][key]
            assert found["registers"][key] == pytest.approx(flowed, rel=5e-4), (tick_ms, key)
    minutes, hours = ran[60_000], ran[3_600_000]
    assert hours["ticks"] < minutes["ticks"]
    assert hours["faults"]["detected"]["resets"] == minutes["faults"]["detected"]["resets"]
    for account in ("truth", "unmeasured_wh", "declared_lost_wh"):
        assert hours[account] == minutes[account]
    for key, wh in hours["registers"].items():
        if chip == "atm90e26" and key.startswith("apparent"):  # sampled where no chip counts it
            assert wh == pytest.approx(minutes["registers"][key], rel=1e-3)
        else:
            assert wh == minutes["registers"][key], key


def test_the_same_on_micropython():
    job, sim = run("ade9153a", 3_600_000, "micropython", 1200)
    found = report(job, sim)
    flowed = found["truth"]["active_export_wh"] - found["unmeasured_wh"]["active_export_wh"]
    assert found["registers"]["active_export_wh"] == pytest.approx(flowed, rel=5e-4)

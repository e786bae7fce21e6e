# SPDX-License-Identifier: MIT
"""What a save policy costs and what it saves: erases per sector-year and Wh at risk, side by side; formula and measurement.

    python -m host_tools.bench.wear [--json]

A hot ring of N sectors with R records a sector, saved every E watt-hours, at a consumption of W Wh a year:

    saves a year          S = W / E
    erases a sector-year      S / (R x N)
    years to worn         endurance / erases a sector-year
    Wh at risk            E (readers are behind by as much)

FRAM: no erases; writes a byte-year are S / 2 (two alternating slots) with a save a second at least.
"""

import argparse
import json
import pathlib
import sys

ENDURANCE_ERASES = 100_000  # W25Q sector, unverified; ESP32 flash is of the same kind
ENDURANCE_FRAM = 10**12  # MB85RC256V data sheet: 1e12 writes a byte
SECONDS_A_YEAR = 31_557_600
HOUSEHOLD_WH = 4_000_000  # a year of a household
FULL_LOAD_W = 25_300  # 230 V x 110 A, the most the meter passes
MARGIN_WH = 4  # the hot ring saves so much early (firmware/app/store/hot_ring.py)


def erases_per_sector_year(saves_per_year, records_per_sector, sector_count):
    """The formula above; float."""
    return saves_per_year / (records_per_sector * sector_count)


def hot_ring_row(name, year_wh, save_wh, sector_count, records_per_sector=32):
    """One policy as a dict. save_wh: the policy's bound; the ring saves MARGIN_WH earlier."""
    saves = year_wh / (save_wh - MARGIN_WH)
    erases = erases_per_sector_year(saves, records_per_sector, sector_count)
    return {
        "store": "hot ring",
        "load": name,
        "save_wh": save_wh,
        "sectors": sector_count,
        "saves_per_year": round(saves),
        "erases_per_sector_year": round(erases, 2),
        "years_to_worn": round(ENDURANCE_ERASES / erases, 1),
        "wh_at_risk": save_wh,
    }


def fram_row(name, watt, save_wh=0.5):
    """FRAM: a save as save_wh has flowed and at least each second; the Wh at risk are one such step and never over 1."""
    a_second = max(1.0, watt / 3600 / save_wh)
    writes = a_second * SECONDS_A_YEAR / 2
    return {
        "store": "FRAM",
        "load": name,
        "save_wh": save_wh,
        "sectors": 0,
        "saves_per_year": round(a_second * SECONDS_A_YEAR),
        "erases_per_sector_year": 0,
        "years_to_worn": round(ENDURANCE_FRAM / writes),
        "wh_at_risk": 1,
    }


def measure_hot_ring(year_wh, save_wh, sector_count, simulated_wh=100_000, step_wh=1):
    """Run HotRing on the NOR model for simulated_wh. returns: dict; erases counted by the part, scaled to a year."""
    from app.metrology.registers import Registers
    from app.store import hot_record
    from app.store.hot_ring import HotRing
    from app.store.ring import Ring
    from drivers.crc32 import Crc32
    from drivers.w25q import W25Q

    from host_tools.bench.bus import SpiBus
    from host_tools.bench.chips.w25q import W25q
    from host_tools.bench.clock import VirtualClock

    class NoFrontEnd:
        def save_snapshot(self, buf, at):
            """Nothing to keep."""

    clock = VirtualClock()
    bus = SpiBus(clock, 10_000_000)
    chip = W25q(clock, 1024 * 1024)
    ring = Ring(W25Q(bus, bus.attach(chip), clock), 0, sector_count, hot_record.BODY, Crc32(), 1)
    hot = HotRing([ring], save_wh)
    registers = Registers(3200)
    hot.load(0, registers, NoFrontEnd())
    while hot.poll():
        clock.sleep_ms(10)
    chip.erases = [0] * len(chip.erases)
    furthest_wh = 0
    for _ in range(simulated_wh // step_wh):
        registers.wh[0] += step_wh
        furthest_wh = max(furthest_wh, registers.wh[0] - hot.served_wh[0][0])
        if hot.due(0, registers):
            hot.save(0, registers, NoFrontEnd(), 1, 0, 0, 0)
        while hot.poll():
            clock.sleep_ms(10)
    total = sum(chip.erases)
    return {
        "erases": total,
        "most_in_a_sector": max(chip.erases),
        "erases_per_sector_year": round(total / sector_count * year_wh / simulated_wh, 2),
        "furthest_behind_wh": furthest_wh,
    }


def report():
    """Rows for household and full load, and the measured household ring beside its formula."""
    from app.store.layout import HOT_SECTORS

    full_wh = FULL_LOAD_W * SECONDS_A_YEAR // 3600
    rows = [
        fram_row("household", 500),
        fram_row("25.3 kW all year", FULL_LOAD_W),
        hot_ring_row("household", HOUSEHOLD_WH, 50, HOT_SECTORS),
        hot_ring_row("household", HOUSEHOLD_WH, 10, HOT_SECTORS),
        hot_ring_row("25.3 kW all year", full_wh, 50, HOT_SECTORS),
        hot_ring_row("25.3 kW all year", full_wh, 50, 16),
    ]
    return {"policies": rows, "measured": measure_hot_ring(HOUSEHOLD_WH, 50, 16)}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result = report()
    if options.json:
        print(json.dumps(result))
        return 0
    print(
        f"{'store':<9}{'load':<18}{'save Wh':>8}{'sectors':>8}{'erases/sector-year':>20}{'years':>10}{'Wh at risk':>12}"
    )
    for row in result["policies"]:
        print(
            f"{row['store']:<9}{row['load']:<18}{row['save_wh']:>8}{row['sectors']:>8}"
            f"{row['erases_per_sector_year']:>20}{row['years_to_worn']:>10}{row['wh_at_risk']:>12}"
        )
    measured = result["measured"]
    print(
        f"measured, household, 50 Wh, 16 sectors: {measured['erases_per_sector_year']} erases a sector-year, "
        f"readers at most {measured['furthest_behind_wh']} Wh behind"
    )
    return 0


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root / "firmware"), str(root / "host_tools" / "shims")]
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""Two runtimes: the same hour in CPython and in a real MicroPython process gives the same meter, to the unit."""

from pathlib import Path

from host_tools.bench.job import Job
from host_tools.bench.metered import metered

TARIFF = (
    Path(__file__).resolve().parents[2] / "examples" / "gb_block.toml"
)  # switches at 00:30, half an hour after the start
LOAD = "home:7"  # a random household: appliances on and off, PV export
FAULTS = "chip_reset=1,mcu_reset=1,hang=1,outage=1"


def flash_of(bench):
    """Every block of the NOR that holds anything."""
    return bench.nor.storage.data.used()


def outcome(chip, runtime, until_s, seed, faults=""):
    """What a reader, an eye and a historian would see at the end, and when that was."""
    job = Job(
        chip=chip, runtime=runtime, loads=[LOAD], tick_ms=1000, until_s=until_s, seed=seed, faults=faults, tariff=TARIFF
    )
    sim = job.simulation().run()
    chip_model = sim.world.lines[0].chip
    elements = sim.element_states()
    return {
        "elements": elements,
        "metered": metered(sim.bench, [element["wh"] for element in elements]),
        "nor": flash_of(sim.bench),
        "events": sim.events(),
        "face": sorted(sim.face()),
        "detected": sim.detected(),
        "boots": sim.boots,
        "passes": sim.passes,
        "end_us": sim.world.clock.now_us,
        "fram": bytes(sim.bench.fram.storage.data),
        "counted": [chip_model.acknowledged(kind) for kind in ("active", "reactive", "apparent")],
    }


def compare(chip, until_s, seed, faults=""):
    """Both runtimes; returns the outcome they agree on."""
    ours = outcome(chip, "cpython", until_s, seed, faults)
    theirs = outcome(chip, "micropython", until_s, seed, faults)
    for name, value in ours.items():
        assert value == theirs[name], f"seed {seed} {chip} {faults}: {name} differ: {value} and {theirs[name]}"
    # Two meters that did nothing would agree as well.
    assert sum(ours["elements"][0]["wh"]) > until_s // 60, f"seed {seed} {chip}: nothing was metered"
    books = ours["metered"][0]
    assert sum(map(sum, books["tariff"]["block_wh"])) == ours["elements"][0]["wh"][0], f"seed {seed} {chip}: {books}"
    if until_s >= 3600:  # an interval has ended and the tariff has switched
        blocks = books["tariff"]["block_wh"][0]
        assert books["profile"]["intervals"] and blocks[0] and blocks[1], f"seed {seed} {chip}: {books}"
    if not faults:  # else the end may fall into the dark second of a start test
        assert ours["face"], f"seed {seed} {chip}: nothing is shown"
    return ours


def prove(full):
    until_s = 3600 if full else 300
    told = []
    for seed, chip in ((1, "ade9153a"), (2, "atm90e26")):
        found = compare(chip, until_s, seed)
        told.append(f"{chip} {found['passes']} passes, {found['elements'][0]['wh'][0]} Wh")
    # A reset is a new interpreter there and only new objects here: nothing may have leaked from the life before.
    boots = 0
    for seed, chip in ((3, "ade9153a"), (4, "atm90e26")):
        found = compare(chip, 600 if full else 180, seed, FAULTS)
        assert found["boots"] >= 4, f"seed {seed} {chip}: {found['boots']} boots"
        boots += found["boots"]
    return (
        f"{until_s} s in CPython and MicroPython equal in registers, residues, tariff, profile, events, face, memories, end: "
        f"{'; '.join(told)}; {boots} boots with resets, hangs and outages equal too"
    )

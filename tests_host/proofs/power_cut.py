# SPDX-License-Identifier: MIT
"""The supply goes at every byte of every write: what is lost, what readers see, and that no coil moves by itself.

Loss is what the metering chip had counted up to the cut (it dies with the supply) less what the next boot finds.

Derivation for FRAM, full load 25.3 kW = 7.03 mWh a ms: unsaved below 0.1 Wh, 100 ms of the longest wait 0.70 Wh (at steady
power 0.6 Wh, whatever the wait), about 10 ms from the read to the last byte of the record 0.07 Wh, what the chip does not show
yet: 0.1 Wh (ATM90E26, one count) or 0.014 Wh (ADE9153A, one window of 2 ms).

Power-fail warning: mains fail, the signal falls, and the capacitors carry the board for 20 to 100 ms more. Nothing flows
then, so what was read and what the chip still shows gets saved: the chip's own remainder is all that can be lost. Where the
supply dies although the load goes on (a fault of the supply itself), what flows from one read to the end of the next save
comes on top of it, at most 20 ms; that is printed too.
"""

from app.store import layout

from host_tools.bench import wear
from host_tools.bench.chips.atm90e26_energy import UNITS_PER_COUNT, UNITS_PER_WH
from tests_host.proofs.power_cut_bench import SEED, Life, exact_counts
from tests_host.proofs.power_cut_coils import coils

CHIPS = ("ade9153a", "atm90e26")
POWERS = ("25.3kW", "2.3kW", "300W", "5W")
FULL_LOAD_W = 25_300
FRAM_WH = 1.0
FLASH_WH = 50.0
WINDOW_MS = 20  # the contract's most for EGY_TIME; what the driver sets is less
ATM_COUNT_WH = UNITS_PER_COUNT / UNITS_PER_WH  # 0.1: one register count
WARNING_US = (20_000, 100_000)
HAIR_WH = 1e-5  # three counts of an ADE9153A
BOARDS = ("virtual", "esp32_s3_devkitc", "esp32_devkitc", "arduino_giga")


def prove(full):
    fram, cuts = _fram(full)
    warned, on_load, warned_cuts = _warned(full)
    flash, flash_cuts, gap_ms = _flash(full)
    resets, reset_cuts = _resets(full)
    chain = _chain(full)
    pulses, coil_cuts = coils(full)
    total = cuts + warned_cuts + flash_cuts + reset_cuts + chain + coil_cuts
    if full:
        assert total >= 10_000, total
    return (
        f"{total} cuts; lost at most: FRAM {fram:.3f} Wh, with warning {_by_chip(warned)} "
        f"(load going on: {_by_chip(on_load)}), MCU reset only {_by_chip(resets)}, "
        f"flash {flash:.1f} Wh (longest gap {gap_ms:.0f} ms); no reader saw a fall; "
        f"{pulses} pulses after {coil_cuts} cuts of commands; {_wear()}"
    )


def _by_chip(most_wh):
    return " / ".join(f"{1000 * most_wh[chip]:.2f} mWh {chip}" for chip in CHIPS)


def _window_wh(watt):
    return watt * WINDOW_MS / 3_600_000


def check(life, bound_wh, what, run_us=0):
    """In the dark after a cut: reboot, judge. returns: Wh lost"""
    before = life.dark_counts
    restored = life.reboot(run_us)
    lost_wh = life.loss_wh(restored)
    where = f"{what}, seed {SEED}, cut at {life.cut_us / 1e6:.4f} s"
    assert not life.falls, f"{where}: {life.falls[0]}"
    assert restored <= before, f"{where}: {restored - before} counts more than the uncut run"
    assert lost_wh > -HAIR_WH, f"{where}: {-lost_wh} Wh were invented"
    assert lost_wh <= bound_wh, f"{where}: lost {lost_wh} Wh of {bound_wh}"
    assert life.sim.meter.store.hot.lost == 0, f"{where}: both slots damaged"
    return lost_wh


def _watch(bound_wh, what):
    """check() that lets every 32nd reboot run until the glass shows registers again."""
    return lambda life: check(life, bound_wh, what, 2_500_000 if life.bench.cut.written % 32 == 0 else 0)


def _fram(full):
    """Steady power at both waits, steps just before the cut, and the boot itself. returns: (most Wh lost, cuts)"""
    losses = []
    for chip in CHIPS:
        for load in POWERS:
            for tick_ms in (100, 1000):
                life = Life(chip, load, tick_ms=tick_ms, until_s=4)
                losses += life.cut_every_byte(
                    *_span(chip, load, tick_ms, full),
                    _watch(FRAM_WH, f"{chip} {load} {tick_ms} ms"),
                    1 if full else _quick_step(load, 91),
                    stride=1 if full else 4,
                )
        for before in ("5W", "720W"):
            for number in range(13 if full else 2):
                # The step lies anywhere in a wait of 100 ms.
                load = f"steps:{before}:{4.0 + 0.0083 * number + 0.05 * (not full):.4f}s:25.3kW:9s"
                life = Life(chip, load, until_s=5)
                losses += life.cut_every_byte(
                    4_000_000, 4_350_000, _watch(FRAM_WH, f"{chip} {load}"), 7 if full else 33
                )
        for board in BOARDS[1:] if full else BOARDS[2:3]:
            life = Life(chip, "steps:720W:4.066s:25.3kW:9s", until_s=5, board=board)
            losses += life.cut_every_byte(
                4_000_000, 4_400_000, _watch(FRAM_WH, f"{chip} {board} step"), 5 if full else 33
            )
        for cut_at in range(1, 200, 1 if full else 17):
            life = Life(chip, "25.3kW", until_s=1)
            if not life.run(cut_at):
                break
            losses.append(check(life, FRAM_WH, f"{chip} boot byte {cut_at}"))
    return max(losses), len(losses)


def _span(chip, load, tick_ms, full):
    """(from, to) us: boot, start of the chip and a second of metering once, then metering alone."""
    if not full:
        return 0, 4_000_000
    if load in POWERS[2:]:
        return (0, 4_000_000) if tick_ms == 100 else (2_500_000, 4_000_000)
    up_us = 2_300_000 if chip == "ade9153a" else 1_000_000
    return (0, up_us + 1_000_000) if tick_ms == 100 else (3_000_000, 3_700_000)


def _quick_step(load, step):
    """Reduced counts: fewer bytes are written at low power."""
    return step if load in POWERS[:2] else step // 2


def _warned(full):
    """The supply goes 20 to 100 ms after the signal, at any byte or between two passes.

    returns: (most Wh lost a chip, the same under load, cuts)
    """
    most = {"mains_fail": {}, "power_fail": {}}
    cuts = 0
    for chip in CHIPS:
        for kind, found in most.items():
            losses = []
            for load, watt in (("25.3kW", FULL_LOAD_W), ("2.3kW", 2300), ("300W", 300), ("5W", 5))[:: 1 if full else 3]:
                quantum_wh = ATM_COUNT_WH if chip == "atm90e26" else _window_wh(watt)
                # With the load on: half a cycle of read and save more at each end, 20 ms in all.
                bound_wh = quantum_wh if kind == "mains_fail" else quantum_wh + watt * 20 / 3_600_000
                for number in range(8 if full else 2):
                    at_us = 3_950_000 + (13_100 if full else 47_000) * number
                    life = Life(chip, load, until_s=5)
                    life.warn(at_us, kind)
                    losses += life.cut_every_byte(
                        at_us + WARNING_US[0],
                        at_us + WARNING_US[1],
                        lambda life, b=bound_wh, w=f"{chip} {load} {kind}": check(life, b, w),
                        13 if full else 67,
                        between=full or number == 0,
                        stride=2 if full else 5,
                    )
            found[chip] = max(losses)
            cuts += len(losses)
    return most["mains_fail"], most["power_fail"], cuts


def _flash(full):
    """An ESP32 without FRAM. returns: (most Wh lost, cuts, longest gap in ms)"""
    losses = []
    gap_ms = 0.0
    for chip in CHIPS:
        due_s = _due_s(chip)
        for load in POWERS:
            # Full load until just before a record is due, then the load that is to be cut.
            spec = load if load == POWERS[0] else f"steps:25.3kW:{due_s - 0.003:.3f}s:{load}:300s"
            life = Life(chip, spec, tick_ms=100 if load == POWERS[0] else 1000, storage="partition", until_s=36)
            what = f"flash {chip} {load}"
            losses += life.cut_every_byte(0, 10**9, _watch(FLASH_WH, what), 1 if full else 37)
            gap_ms = max(gap_ms, life.world.longest_gap_us / 1000)
        for cut_at in range(1, 400, 1 if full else 37):
            life = Life(chip, "25.3kW", until_s=1, storage="partition")
            if not life.run(cut_at):
                break
            losses.append(check(life, FLASH_WH, f"flash {chip} boot byte {cut_at}"))
    assert 45 < gap_ms <= 100, f"longest gap {gap_ms} ms with erases of 45 ms"
    assert max(losses) > 40, "the cuts missed the record that was due"
    return max(losses), len(losses), gap_ms


def _due_s(chip):
    """When the first record at full load falls due: 46 Wh after the stored one."""
    life = Life(chip, POWERS[0], storage="partition", until_s=12)
    life.run()
    target = life.start_counts // life.counts_per_wh * life.counts_per_wh + 46 * life.counts_per_wh
    return next(us for _, us, counts in life.trace if counts >= target) / 1e6


def _resets(full):
    """The processor alone is reset at a byte of a write; the chip counts on. returns: (most Wh lost a chip, cuts)"""
    most = {}
    cuts = 0
    for chip in CHIPS:
        losses = []
        for load in POWERS if full else POWERS[:1]:
            life = Life(chip, load, until_s=5, reset_only=True)
            losses += life.cut_every_byte(3_000_000, 4_200_000, _after_reset, 17 if full else 131)
        most[chip] = max(losses)
        cuts += len(losses)
    assert most["ade9153a"] <= HAIR_WH, most
    assert most["atm90e26"] <= FRAM_WH, most
    return most, cuts


def _after_reset(life):
    """returns: Wh that neither the registers nor the chip have after the reset"""
    restored = life.reset(3_000_000)
    where = f"reset, seed {SEED}, at {life.cut_us / 1e6:.4f} s"
    assert not life.falls, f"{where}: {life.falls[0]}"
    assert restored <= life.dark_counts, f"{where}: more than the uncut run"
    missing = life.handed_wh() - (exact_counts(life.sim.meter) - life.start_counts) / life.counts_per_wh
    assert missing > -HAIR_WH, f"{where}: {-missing} Wh were invented"
    return missing


def _chain(full):
    """One meter, cut again and again, beside a twin that is not. returns: cuts"""
    cuts = 0
    for chip in CHIPS:
        for storage in ("fram", "partition"):
            life = Life(chip, "2.3kW", storage=storage, until_s=3600)
            life.run(1 + cuts)
            for number in range(60 if full else 8):
                life.reboot()
                # Primes, so that every kind of write gets its turn: boot records, events, registers.
                life.go_on_until_cut(61 + 101 * (number % 7))
                cuts += 1
            restored = life.reboot()
            end_s = life.world.clock.now_us // 1_000_000 + 1
            twin = Life(chip, "2.3kW", storage=storage, until_s=end_s)
            twin.run()
            what = f"chain of cuts, {chip} {storage}, seed {SEED}"
            assert not life.falls, f"{what}: {life.falls[0]}"
            assert restored <= exact_counts(twin.sim.meter), f"{what}: above the uncut run"
            assert not life.sim.meter.safe, f"{what}: a supply that comes and goes is no reason for safe mode"
            assert life.sim.meter.feature_off == [0] * len(life.sim.meter.feature_off), what
    return cuts


def _wear():
    row = wear.hot_ring_row("25.3 kW all year", FULL_LOAD_W * wear.SECONDS_A_YEAR // 3600, 50, layout.HOT_SECTORS)
    assert row["years_to_worn"] >= 20, row
    return (
        f"hot ring of {layout.HOT_SECTORS} sectors at 25.3 kW: {row['erases_per_sector_year']:.0f} erases a sector-year beside "
        f"{row['wh_at_risk']} Wh at risk, {row['years_to_worn']:.0f} years"
    )

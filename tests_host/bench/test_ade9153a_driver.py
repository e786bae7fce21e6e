# SPDX-License-Identifier: MIT
"""ADE9153A driver on the bus, against the model: start, truth, resets, every single-bit error of a pass, reboot."""

import random

import pytest
from app.metrology.sample import DOWN, ENERGY, NO_LOAD, QUANTITIES, REPAIRED, RESTARTED, SUSPECT, Sample
from drivers import ade9153a_start as start
from drivers.ade9153a import ADE9153A

from host_tools.bench.bus import BitFlipper, Pin, SpiBus
from host_tools.bench.chips.ade9153a import ADE9153AModel
from host_tools.bench.clock import VirtualClock
from host_tools.bench.point import DEAD, HiddenErrors, OperatingPoint

PULSE = 352_704  # counts of one pulse, 1 Wh
LOAD = OperatingPoint(230_000, 2_300_000, reactive_mvar=500_000)


class Flip:
    """Flips one bit of one transfer: stands in for BitFlipper. `bit` counts over the bits of all transfers it sees."""

    def __init__(self, direction, bit=None):
        self.direction = direction  # 0: MOSI, 1: MISO
        self.bit = bit
        self.turn = 0
        self.bits = 0
        self.done = False

    def apply(self, data):
        mine = self.turn == self.direction
        self.turn ^= 1
        if not mine:
            return data
        first = self.bits
        self.bits += len(data) * 8
        if self.bit is None or not first <= self.bit < self.bits:
            return data
        self.done = True
        out = bytearray(data)
        at = self.bit - first
        out[at >> 3] ^= 0x80 >> (at & 7)
        return out


class Meter:
    """Clock, bus, chip and driver; `sum` is what a register would hold."""

    def __init__(self, point=LOAD, errors=None, seed=3):
        self.clock = VirtualClock()
        self.model = ADE9153AModel(self.clock, errors or HiddenErrors(), random.Random(seed))
        self.model.set_point(point)
        self.bus = SpiBus(self.clock, 1_000_000)
        self.cs = self.bus.attach(self.model)
        self.reset = Pin(1, self.model.reset_pin)
        self.sum = [0, 0, 0]
        self.sample = Sample()
        self.seen = 0
        self.boot()

    def strap(self, cs, level):
        self.model.straps(cs.value(), 1 if level is None else level)

    def boot(self, snapshot=None):
        self.front = ADE9153A(self.bus, self.cs, self.reset, self.clock, self.strap)
        if snapshot is not None:
            self.front.load_snapshot(snapshot, 0)

    def read(self, quantities=False):
        s = self.sample
        self.front.read_into(s, self.clock.ticks_ms(), quantities)
        if s.flags & ENERGY:
            self.sum[0] += s.active_counts
            self.sum[1] += s.reactive_counts
            self.sum[2] += s.apparent_counts
        self.seen |= s.flags
        return s.flags

    def run(self, ms, every=100, quantities=False):
        end = self.clock.now_us + ms * 1000
        while self.clock.now_us < end:
            self.clock.sleep_ms(every)
            self.read(quantities)

    def start(self):
        self.run(4000, 20)
        assert self.sample.flags & ENERGY
        return self


def test_start_sequence():
    meter = Meter()
    began = meter.clock.now_us
    assert meter.read() == DOWN | RESTARTED
    steps = 1
    while meter.read() & DOWN:
        meter.clock.sleep_ms(20)
        steps += 1
        assert steps < 400
    assert 1_600_000 < meter.clock.now_us - began < 2_600_000  # 0.1 s straps, 1.5 s settling
    assert meter.front.fault == 0
    assert bytes(meter.front.chip_id) == meter.model.chip_id.to_bytes(8, "big")
    reg = meter.model.reg
    assert (reg[0x480], reg[0x4BF], reg[0x4B0], reg[0x491], reg[0x4B9]) == (1, 1, 0x01, 5, 0x12)
    assert (reg[0x494], reg[0x495], reg[0x490], reg[0x4B2], reg[0x40F]) == (5511, 5511, 0x20, 7, 0x22EA28)
    assert meter.front.crc_errors == meter.front.address_errors == meter.front.retries == 0


def test_no_step_is_longer_than_20_ms():
    meter = Meter()
    for _ in range(200):
        before = meter.clock.now_us
        meter.read()
        assert meter.clock.now_us - before <= 20_000
        meter.clock.sleep_ms(20)
    assert meter.sample.flags & ENERGY


@pytest.mark.parametrize(
    "watt, var", [(2_300_000, 500_000), (-3_000_000, 1_000_000), (23_000_000, -4_000_000), (100_000, 0)]
)
def test_energy_against_the_truth(watt, var):
    meter = Meter(OperatingPoint(230_000, watt, reactive_mvar=var)).start()
    begin_us, begin = meter.clock.now_us, meter.sum[:]
    meter.run(600_000, 1000)
    hours = (meter.clock.now_us - begin_us) / 3.6e9
    apparent = (watt * watt + var * var) ** 0.5
    for got, milli in zip((s - b for s, b in zip(meter.sum, begin, strict=True)), (watt, var, apparent), strict=True):
        true = milli / 1000 * hours * PULSE
        # -12.5 ppm of the nominal front end against the design target, the window in progress, half a code.
        window = abs(milli) * 0.002 / 3.6e6 * PULSE * 2
        half_a_code = 0.5 * 4.984 / 1000 * hours * PULSE
        assert got == pytest.approx(true, rel=20e-6, abs=window + half_a_code + 2)


def test_counts_are_the_chips_own():
    meter = Meter().start()
    meter.run(20_000, 1000)
    model = meter.model
    for i, kind in enumerate(("active", "reactive", "apparent")):
        assert meter.sum[i] * 8192 == model.acknowledged(kind)
        assert 0 <= model.unwrapped(kind) - model.acknowledged(kind) < 8192 + 41 * 500_000


def test_quantities():
    meter = Meter(OperatingPoint(231_500, 2_300_000, reactive_mvar=-900_000, frequency_mhz=49_870)).start()
    assert meter.read(True) & QUANTITIES
    s = meter.sample
    assert s.rms_voltage_mv == pytest.approx(231_500, rel=50e-6)
    assert s.rms_current_ma == pytest.approx(10_669, abs=1)
    assert s.active_power_mw == pytest.approx(2_300_000, rel=50e-6)
    assert s.reactive_power_mvar == pytest.approx(-900_000, rel=50e-6)
    assert s.apparent_power_mva == pytest.approx(2_469_818, rel=50e-6)
    assert s.power_factor_x1000 == 931
    assert s.frequency_hz_x1000 == pytest.approx(49_870, abs=1)
    meter.model.set_point(DEAD)
    meter.run(3000)
    meter.read(True)
    assert s.frequency_hz_x1000 == 0 and s.rms_voltage_mv == 0 and s.power_factor_x1000 == 1000
    assert meter.read() & NO_LOAD
    meter.model.set_point(OperatingPoint(230_000, -23_000_000))
    meter.run(1000)
    meter.read(True)
    assert s.active_power_mw == pytest.approx(-23_000_000, rel=50e-6) and s.power_factor_x1000 == -1000


def test_chip_reset_is_noticed_in_the_same_pass():
    meter = Meter().start()
    meter.run(5000)
    before = meter.sum[:]
    meter.model.force_reset()
    meter.clock.sleep_ms(60)
    flags = meter.read()
    assert flags & RESTARTED and flags & DOWN and not flags & ENERGY
    assert meter.sum == before
    assert meter.front.resets == 1
    meter.seen = 0
    meter.run(3000)
    assert not meter.seen & RESTARTED
    assert meter.sample.flags & ENERGY
    assert before[0] < meter.sum[0] < before[0] + 3 * 250_000


def test_reset_while_it_is_still_silent():
    meter = Meter().start()
    meter.run(5000)
    meter.model.force_reset()
    before = meter.sum[:]
    meter.clock.sleep_ms(5)
    assert meter.read() == SUSPECT
    meter.clock.sleep_ms(60)
    assert meter.read() & RESTARTED
    assert meter.sum == before


def pass_bits(direction):
    meter = Meter().start()
    meter.bus.flips = flip = Flip(direction)
    meter.clock.sleep_ms(500)
    meter.read(True)
    return flip.bits


@pytest.mark.parametrize("direction", [0, 1])
def test_every_single_bit_error_of_a_pass(direction):
    """The pass itself is complete and right, what was counted is what the chip handed over, and no register changed."""
    bits = pass_bits(direction)
    assert bits > 1000
    meter = Meter().start()
    for bit in range(bits):
        meter.clock.sleep_ms(50)
        meter.read()
        held = dict(meter.model.reg)
        meter.bus.flips = flip = Flip(direction, bit)
        meter.clock.sleep_ms(50)
        flags = meter.read(True)
        assert flip.done
        meter.bus.flips = None
        assert flags == ENERGY | QUANTITIES
        v = meter.sample
        assert v.rms_voltage_mv == pytest.approx(230_000, rel=1e-4) and v.active_power_mw == pytest.approx(
            2.3e6, rel=1e-4
        )
        assert meter.model.reg == held
        meter.clock.sleep_ms(20)
        meter.read()
        for i, kind in enumerate(("active", "reactive", "apparent")):
            assert meter.sum[i] * 8192 == meter.model.acknowledged(kind)
    assert meter.front.resets == 0 and meter.front.rejects == 0
    # Flips in headers and in answers are noticed; those in the filler bytes do not matter.
    assert meter.front.crc_errors + meter.front.address_errors > bits // 5


def test_noisy_bus():
    meter = Meter().start()
    meter.bus.flips = BitFlipper(random.Random(5), 1e-3)
    meter.run(120_000, 200, quantities=True)
    meter.bus.flips = None
    meter.read()
    assert meter.front.crc_errors > 100 and meter.front.address_errors > 10
    assert meter.front.resets == 0
    for i, kind in enumerate(("active", "reactive", "apparent")):
        assert meter.sum[i] * 8192 == meter.model.acknowledged(kind)


def test_reboot_with_snapshot_loses_nothing():
    meter = Meter().start()
    meter.run(10_000)
    snapshot = bytearray(20)
    meter.front.save_snapshot(snapshot, 4)
    meter.clock.sleep_ms(90_000)
    resets = meter.model.resets
    meter.boot()
    meter.front.load_snapshot(snapshot, 4)
    meter.seen = 0
    meter.run(500, 20)
    assert not meter.seen & (RESTARTED | SUSPECT)
    assert meter.sample.flags & ENERGY
    assert meter.model.resets == resets
    for i, kind in enumerate(("active", "reactive", "apparent")):
        assert meter.sum[i] * 8192 == meter.model.acknowledged(kind)


def test_reboot_finds_a_chip_that_was_reset():
    meter = Meter().start()
    meter.run(10_000)
    snapshot = bytearray(16)
    meter.front.save_snapshot(snapshot, 0)
    meter.model.power(False)
    meter.clock.sleep_ms(1000)
    meter.model.power(True)
    before = meter.sum[:]
    meter.boot(snapshot)
    meter.clock.sleep_ms(100)
    meter.seen = 0
    meter.run(4000, 20)
    assert meter.seen & RESTARTED and meter.front.resets == 1
    assert before[0] < meter.sum[0] < before[0] + 4 * 250_000
    assert meter.model.acknowledged("active") + meter.model.lost("active") >= meter.sum[0] * 8192


def test_another_chip_does_not_continue_a_snapshot():
    first, second = Meter(seed=1).start(), Meter(seed=2).start()
    snapshot = bytearray(16)
    first.front.save_snapshot(snapshot, 0)
    second.boot(snapshot)
    second.run(200, 20)
    assert second.seen & RESTARTED


@pytest.mark.parametrize("level, fault", [(0, start.MISO_LOW), (1, start.MISO_HIGH)])
def test_stuck_line(level, fault):
    meter = Meter().start()
    meter.run(2000)
    meter.bus.miso_stuck = level
    assert meter.read() == SUSPECT
    meter.run(20_000)
    assert meter.front.fault == fault
    assert meter.sample.flags & DOWN
    meter.bus.miso_stuck = None
    meter.run(6000)
    assert meter.sample.flags & ENERGY and meter.front.fault == 0


def test_short_trouble_loses_nothing():
    meter = Meter().start()
    meter.run(2000)
    meter.bus.miso_stuck = 0
    meter.run(3000)
    meter.bus.miso_stuck = None
    meter.run(2000)
    assert meter.front.resets == 0
    assert meter.sum[0] * 8192 == meter.model.acknowledged("active")


def test_uart_trap():
    meter = Meter().start()
    meter.model.straps(1, 0)
    meter.model.force_reset()
    meter.run(5000)
    assert meter.sample.flags & ENERGY
    assert meter.front.last_fault == start.UART_TRAP and meter.front.fault == 0


def test_configuration_bit_is_repaired():
    meter = Meter().start()
    meter.run(5000)
    for address, bit in ((0x494, 2), (0x000, 20), (0x41C, 4), (0x4B0, 0)):
        meter.seen = 0
        wanted = meter.model.reg[address]
        meter.model.flip_config_bit(address, bit)
        for _ in range(150):
            meter.run(1000, 250)
            if meter.seen & REPAIRED:
                break
        assert meter.model.reg[address] == wanted and meter.model.reg[0x4BF] == 1
        assert meter.seen & REPAIRED
    assert meter.front.resets == 0 and meter.front.repairs == 4


def test_frozen_and_run_loss_are_found():
    for fault in (lambda m: m.freeze(), lambda m: m.lose_run()):
        meter = Meter().start()
        meter.run(5000, quantities=True)
        fault(meter.model)
        meter.seen = 0
        meter.run(10_000, quantities=True)
        assert meter.seen & RESTARTED
        assert meter.front.last_fault == start.FROZEN
        meter.model.freeze(False)
        meter.run(5000)
        assert meter.sample.flags & ENERGY


def test_chip_error():
    meter = Meter().start()
    meter.run(1000)
    meter.model.chip_error(2)
    flags = meter.read()
    assert flags & ENERGY and flags & RESTARTED
    meter.run(4000)
    assert meter.sample.flags & ENERGY and meter.front.last_fault == start.CHIP_ERROR


def test_calibration_while_metering():
    meter = Meter(errors=HiddenErrors(current_gain=0.95)).start()
    meter.read(True)
    assert meter.sample.active_power_mw == pytest.approx(2_300_000 * 0.95, rel=50e-6)
    record = bytearray(32)
    record[0:4] = round((1 / 0.95 - 1) * (1 << 27)).to_bytes(4, "little")
    meter.front.configure(bytes(record))
    meter.run(60_000, 500)
    meter.read(True)
    assert meter.sample.active_power_mw == pytest.approx(2_300_000, rel=50e-6)
    assert meter.front.resets == 0

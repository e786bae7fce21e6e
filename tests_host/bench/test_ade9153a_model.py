# SPDX-License-Identifier: MIT
"""ADE9153A model against the data sheet's figures. Vectors: ADE9153A data sheet Rev. 0 and ADE9078 data sheet Rev. 0
(pages named), CRC values from an independent bitwise implementation below (9078 p. 64)."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.bench.bus import Pin, SpiBus
from host_tools.bench.chips import ade9153a_dsp as dsp
from host_tools.bench.chips.ade9153a import ADE9153AModel, with_crc
from host_tools.bench.chips.energy import KINDS
from host_tools.bench.clock import VirtualClock
from host_tools.bench.point import DEAD, HiddenErrors, OperatingPoint

MODE_B = 0x00C1  # free running, 4096-sample no-load window
UNITS_PER_WH_NOMINAL = 3600 * 4000 / dsp.WCC


def crc_bitwise(data):
    """The shift register of ADE9078 data sheet p. 64: x^16 + x^12 + x^5 + 1, initial 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        for i in range(7, -1, -1):
            feedback = (crc >> 15) ^ (byte >> i & 1)
            crc = crc << 1 & 0xFFFF
            if feedback:
                crc ^= 0x1021
    return crc


class Rig:
    """Clock, bus, model and a hand on the chip select."""

    def __init__(self, errors=None, seed=1, point=DEAD, **options):
        self.clock = VirtualClock()
        self.model = ADE9153AModel(self.clock, errors or HiddenErrors(), random.Random(seed), **options)
        self.bus = SpiBus(self.clock, 10_000_000)
        self.cs = self.bus.attach(self.model)
        self.reset = Pin(1, self.model.reset_pin)
        self.model.set_point(point)

    def wait(self, us):
        self.clock.charge(us)

    def frame(self, hexa):
        tx = bytes.fromhex(hexa)
        rx = bytearray(len(tx))
        self.cs(0)
        self.bus.write_readinto(tx, rx)
        self.cs(1)
        return bytes(rx)

    def read(self, address):
        wide = address < 0x474 or address >= 0x600
        rx = self.frame(f"{address << 4 | 8:04x}" + "00" * (6 if wide else 4))
        assert crc_bitwise(rx[2:]) == 0
        return int.from_bytes(rx[2:-2], "big")

    def read_signed(self, address):
        value = self.read(address)
        return value - (1 << 32) if value >> 31 else value

    def write(self, address, value):
        wide = address < 0x474
        self.frame(f"{address << 4:04x}{value & 0xFFFFFFFF:08x}" if wide else f"{address << 4:04x}{value:04x}")

    def start(self, ep_cfg=MODE_B, egy_time=39, settle_us=5_000_000, **registers):
        """Out of reset, configured, DSP settled, accumulating from now on."""
        self.wait(50_000)
        assert self.read(0x402) == 0x00010000
        self.write(0x4B9, 0x0012)
        self.write(0x491, 5)
        self.write(0x481, 0x0300)
        self.write(0x490, 0x0020)
        self.write(0x494, 5511)
        self.write(0x495, 5511)
        self.write(0x4B2, egy_time)
        for address, value in registers.items():
            self.write(int(address[1:], 16), value)
        self.write(0x480, 1)
        self.wait(settle_us)
        self.write(0x4B0, ep_cfg)
        return self


def test_power_up_takes_47_ms():
    rig = Rig()
    rig.wait(46_900)
    assert rig.frame("4028000000000000") == b"\xff" * 8
    rig.wait(100)
    # 9078 p. 26: RSTDONE about 47 ms after the supply.
    assert rig.frame("4028000000000000")[2:] == bytes.fromhex("00010000B3F0")
    assert rig.model.irq == 0
    rig.frame("402000010000")
    assert rig.read(0x402) == 0
    assert rig.model.irq == 1


@pytest.mark.parametrize(
    "mosi, miso",
    [
        ("2428" + "00" * 6, "0009153A71CE"),  # VERSION_PRODUCT
        ("4028" + "00" * 6, "00010000B3F0"),  # STATUS after reset
        ("4818" + "00" * 4, "0300485C"),  # CONFIG1
        ("4AF8" + "00" * 4, "0C005862"),  # CONFIG2
        ("40F8" + "00" * 6, "0045D450F18B"),  # VLEVEL
        ("41C8" + "00" * 6, "000082258DFD"),  # ACT_NL_LVL
        ("4188" + "00" * 6, "00500000DA0E"),  # APERIOD
        ("4118" + "00" * 6, "007FFFFF6DF6"),  # DIPA
        ("4248" + "00" * 6, "000000E4396A"),  # CT_PHASE_MEAS
    ],
)
def test_frames_after_reset(mosi, miso):
    rig = Rig()
    rig.wait(50_000)
    assert rig.frame(mosi)[2:] == bytes.fromhex(miso)


def test_crc_vectors():
    wide = {
        0: 0x84C0,
        0xFFFFFFFF: 0x1D0F,
        0x00018000: 0xA868,
        0xF0000000: 0x1B8D,
        0xF8000000: 0x9E4E,
        0x12345678: 0x30EC,
    }
    for value, crc in wide.items():
        assert with_crc(value, 32)[2:] == value.to_bytes(4, "big") + crc.to_bytes(2, "big")
        assert crc_bitwise(value.to_bytes(4, "big")) == crc
    for value, crc in {0: 0x1D0F, 0xFFFF: 0, 5: 0x4DAA, 0x0300: 0x485C, 0x1234: 0x0EC9}.items():
        assert with_crc(value, 16)[4:] == crc.to_bytes(2, "big")
    assert crc_bitwise(b"123456789") == 0x29B1  # check value of CRC-16/CCITT-FALSE


def test_writes_and_last_registers():
    rig = Rig()
    rig.wait(50_000)
    rig.frame("49100005")
    assert rig.frame("4918" + "00" * 4)[2:] == bytes.fromhex("00054DAA")
    assert rig.read(0x4AE) == 0x4918 and rig.read(0x4AE) == 0x4918
    assert rig.read(0x4AC) == 5
    rig.frame("0000F0000000")
    assert rig.read(0x4AE) == 0x0000
    assert rig.read(0x423) == 0xF0000000
    assert rig.read(0x000) == 0xF0000000
    rig.read(0x40F)
    assert rig.read(0x4A9) == 0xF18B  # CRC_SPI holds the CRC of the last register read
    assert rig.read(0x4AE) == 0x4A98
    assert rig.frame("40FF" + "00" * 6)[2:6] == bytes.fromhex("0045D450")  # header bits 2..0 are don't care
    assert rig.read(0x4AE) == 0x40F8


def test_aborted_frames_have_no_effect():
    rig = Rig()
    rig.wait(50_000)
    rig.frame("0000F00000")
    assert rig.read(0x000) == 0
    rig.frame("4800")
    rig.frame("480000")
    assert rig.read(0x480) == 0
    assert rig.frame("4028" + "00" * 4)[2:] == bytes.fromhex("00010000")  # CRC left away
    rig.cs(0)  # one frame in three transfers
    rx = bytearray(3)
    rig.bus.write(b"\x24\x28")
    rig.bus.write_readinto(bytes(3), rx)
    assert rx == bytes.fromhex("000915")
    rig.bus.write_readinto(bytes(3), rx)
    assert rx == bytes.fromhex("3A71CE")
    rig.cs(1)


def test_burst_turns_the_crc_off():
    rig = Rig()
    rig.wait(50_000)
    rig.write(0x481, 0x0B00)
    assert rig.frame("40F8" + "00" * 8)[2:] == bytes.fromhex("0045D4500045D450")
    rig.write(0x481, 0x0300)
    assert rig.read(0x40F) == 0x0045D450


def test_lock():
    rig = Rig()
    rig.wait(50_000)
    rig.frame("4BF03C64")
    assert rig.read(0x4BF) == 1
    rig.write(0x000, 1)
    rig.write(0x494, 7)
    rig.write(0x480, 1)
    rig.write(0x402, 0x10000)
    assert rig.read(0x000) == 0 and rig.read(0x494) == 0xFFFF and rig.read(0x480) == 0
    assert rig.read(0x402) & 0x10000  # status_locked
    rig.frame("4BF01234")
    assert rig.read(0x4BF) == 1
    rig.frame("4BF04AD1")
    rig.write(0x494, 7)
    assert rig.read(0x4BF) == 0 and rig.read(0x494) == 7
    free = Rig(status_locked=False)
    free.wait(50_000)
    free.frame("4BF03C64")
    free.write(0x402, 0x10000)
    assert free.read(0x402) & 0x10000 == 0


def test_uart_trap_and_the_way_out():
    rig = Rig()
    rig.wait(50_000)
    rig.model.straps(1, 0)  # bus idle in mode 0
    rig.model.force_reset()
    rig.wait(100_000)
    assert rig.frame("2428" + "00" * 6) == b"\xff" * 8
    rig.cs(0)
    rig.model.straps(0, 1)
    rig.reset(0)
    rig.wait(1000)
    rig.reset(1)
    rig.wait(100_000)
    rig.cs(1)
    assert rig.read(0x242) == 0x0009153A


def test_gain_and_phase_vectors():
    # p. 22-23 and 9078 p. 29-31.
    assert dsp.gain(0x00CCCCCD) == pytest.approx(1.1, abs=1e-8)
    assert dsp.gain(0xFF333333) == pytest.approx(0.9, abs=1e-8)
    assert dsp.gain(0xF0000000) == -1
    for value, degrees in [
        (0xFFE97889, -0.1),
        (0x001708CD, 0.1),
        (0x0100346F, 1),
        (0xFF32F143, -1),
        (0x007894AC, 0.5),
        (0xFF941659, -0.5),
    ]:
        assert math.degrees(dsp.phase_correction(value, 50)) == pytest.approx(degrees, abs=2e-6)


def test_codes_of_the_100_a_profile():
    # 230 V, 10 A, 2300 W at 300 uOhm x16 and 991:1: full-scale codes of p. 26.
    rig = Rig(point=OperatingPoint(230_000, 2_300_000)).start()
    assert rig.read(0x203) == pytest.approx(17_305_795, abs=1)
    assert rig.read(0x202) == pytest.approx(3_579_139, abs=1)
    assert rig.read(0x204) == pytest.approx(461_488, abs=1)
    assert rig.read(0x206) == pytest.approx(461_488, abs=1)
    assert rig.read(0x418) == 0x004FFFFF
    assert rig.read_signed(0x208) == pytest.approx(1 << 27, rel=1e-5)
    before = rig.read(0x39F)
    rig.wait(1_000_000)
    assert rig.read(0x39F) - before == pytest.approx(225_336, abs=2)


def test_one_second_of_full_scale():
    # 10,356,306 x 4000 samples = 41,425,224,000 -> HI 5,056,790, residue 320 (p. 24 arithmetic).
    rig = Rig().start(egy_time=3999, x006=10_356_306, ep_cfg=0x00E1)
    rig.wait(1_000_300)
    assert rig.read(0x204) == 10_356_306
    assert rig.read(0x39F) == 5_056_790
    assert rig.read(0x39E) == 320
    assert rig.model.unwrapped("active") >= 41_425_224_000


def test_negative_and_wrap():
    rig = Rig().start(x006=100_000_000, ep_cfg=0x00E1)
    rig.wait(43_980_000)  # 2**44 / (1e8 * 4000) = 43.98 s to +2**31
    assert rig.read_signed(0x39F) > (1 << 31) - 1_500_000
    rig.wait(20_000)
    assert rig.read_signed(0x39F) < -(1 << 31) + 1_500_000
    assert rig.model.unwrapped("active") - rig.model.acknowledged("active") < 100_000_000 * 41
    clamped = Rig(clamp=True).start(x006=100_000_000, ep_cfg=0x00E1)
    clamped.wait(60_000_000)
    assert clamped.read(0x39F) == 0x7FFFFFFF
    reverse = Rig().start(x006=-1000, ep_cfg=0x00E1)
    reverse.wait(1_000_000)
    assert reverse.read_signed(0x39F) == pytest.approx(-488.28, abs=6)
    assert reverse.read(0x49D) & 1


def test_energy_moves_in_windows():
    rig = Rig(point=OperatingPoint(230_000, 23_000_000)).start(egy_time=3999)
    rig.wait(990_000)
    assert rig.read(0x39F) == 0
    rig.wait(20_000)
    first = rig.read(0x39F)
    assert first == pytest.approx(2_253_359, abs=2)
    rig.wait(900_000)
    assert rig.read(0x39F) == first


def test_period_and_reset_modes():
    rig = Rig(point=OperatingPoint(230_000, 2_300_000)).start(egy_time=3999, ep_cfg=0x00E5)  # overwrite
    rig.wait(5_500_000)
    assert rig.read(0x39F) == pytest.approx(225_336, abs=1)
    rig = Rig(point=OperatingPoint(230_000, 2_300_000)).start(ep_cfg=0x00E9)  # read with reset
    rig.wait(2_000_000)
    assert rig.read(0x39F) == pytest.approx(2 * 225_336, rel=0.01)
    assert rig.read(0x39F) < 3000
    assert rig.read(0x423) < 3000


@pytest.mark.parametrize("watt, gated", [(4_500, True), (4_700, False)])
def test_no_load_threshold(watt, gated):
    # x_NL_LVL = P/WCC * 64: 4.6 W on this profile is 0xE6BE (9078 p. 41).
    rig = Rig(point=OperatingPoint(230_000, watt)).start(x41c=0xE6BE, x41d=0xE6BE, x41e=0xE6BE)
    rig.wait(10_000_000)
    assert (rig.read(0x39F) == 0) == gated
    assert rig.read(0x41F) & 1 == gated


def test_no_load_sees_the_mean_of_a_window():
    rig = Rig(point=OperatingPoint(230_000, 0)).start(x41c=0xE6BE, x41d=0xE6BE, x41e=0xE6BE)
    rig.wait(3_000_000)
    for _ in range(60):  # 10 W half of the time: mean 5 W, above 4.6 W
        rig.model.set_point(OperatingPoint(230_000, 10_000))
        rig.wait(25_600)
        rig.model.set_point(OperatingPoint(230_000, 0))
        rig.wait(25_600)
    rig.wait(200_000)
    assert rig.read(0x39F) > 0


def test_gains_correct_hidden_errors():
    errors = HiddenErrors(voltage_gain=1.03, current_gain=0.96, phase_deg=0.5, active_offset_mw=1500)
    w0 = 2 * math.pi * 50 / 4000
    phi = math.radians(0.5)
    a = (math.sin(phi - w0) + math.sin(w0)) / math.sin(2 * w0 - phi)  # p. 23
    point = OperatingPoint(230_000, 1_150_000, reactive_mvar=1_991_858)  # 60 deg inductive
    raw = Rig(errors, point=point).start()
    assert raw.read(0x204) * dsp.WCC < 1150 * 1.03 * 0.96 * 0.99  # half a degree costs 1.5 % at PF 0.5
    rig = Rig(errors, point=point).start(
        x002=round((1 / 1.03 - 1) * (1 << 27)),
        x000=round((1 / 0.96 - 1) * (1 << 27)),
        x001=round(a * (1 << 27)),
        x006=-round(1.5 / dsp.WCC),
    )
    assert rig.read(0x204) * dsp.WCC == pytest.approx(1150, rel=1e-5)
    assert rig.read(0x207) * dsp.WCC == pytest.approx(1991.858, rel=1e-5)
    assert rig.read(0x203) * dsp.AVCC == pytest.approx(230, rel=1e-6)
    assert rig.read(0x202) * dsp.AICC == pytest.approx(10, rel=1e-5)


def test_rms_offset():
    # xRMS = sqrt(xRMS0**2 + 2**15 OS): OS = 0x7FFFFFFF alone gives 8,388,608 (p. 22).
    rig = Rig().start(x003=0x7FFFFFFF)
    assert rig.read(0x202) == 8_388_608


def test_pulses_follow_energy():
    # 1000 imp/kWh with CF1DEN 5511: 100 W -> one pulse in 36 s, 64 * 5511 counts a pulse (p. 26, Fig. 50).
    rig = Rig(point=OperatingPoint(230_000, 23_000_000)).start()
    rig.model.record_edges = True
    rig.wait(60_000_000)
    counts = rig.model.unwrapped("active") >> 13
    assert rig.model.cf_count(0) == counts // 352_704 == 383
    edges = rig.model.take_cf_edges(0)
    assert len(edges) == 383
    assert edges[100] - edges[0] == pytest.approx(100 * 1e6 / 6.38880, rel=1e-5)
    assert rig.model.cf_count(1) == 0
    double = Rig(point=OperatingPoint(230_000, 23_000_000), cf_double=True).start()
    double.wait(60_000_000)
    assert double.model.cf_count(0) == 766


def test_dead_line_reads_nominal_frequency():
    rig = Rig(point=OperatingPoint(0, 0, frequency_mhz=0)).start(x498=399)
    assert rig.read(0x418) == 0x00500000
    rig.wait(200_000)
    assert rig.read(0x402) & (1 << 21)
    live = Rig(point=OperatingPoint(230_000, 0, frequency_mhz=50_100)).start()
    assert 262_144_000 / (live.read(0x418) + 1) == pytest.approx(50.1, abs=1e-5)
    assert live.read(0x402) & (1 << 17)


HALF_US = 10_000
MAINS = OperatingPoint(230_000, 0)


def half_cycle_rig(cycles=1, limit=0x76D45, swell=0x913C7):
    """Metering at 230 V and at a zero crossing. Levels: 207 V = 0x76D45, 253 V = 0x913C7 on the >> 5 scale."""
    rig = Rig(point=MAINS).start(x410=limit, x414=swell, x48b=cycles, x48c=cycles, x481=0x4300)
    rig.wait(5_000_000)  # settled
    rig.read(0x4C1)
    rig.clock.now_us += -rig.clock.now_us % HALF_US
    return rig


def volts(rig, address=0x411):
    """A register on the >> 5 scale, as a fraction of 230 V."""
    return rig.read(address) * 32 * dsp.AVCC / 230


def updates(rig, steps, count):
    """Urms(1/2) after each of `count` crossings. steps: ((us after the present crossing, fraction of 230 V), ...)"""
    begin = rig.clock.now_us
    found = []
    steps = list(steps)
    for k in range(1, count + 1):
        while steps and steps[0][0] < k * HALF_US:
            at, fraction = steps.pop(0)
            rig.clock.now_us = begin + at
            rig.model.set_point(OperatingPoint(round(230_000 * fraction), 0))
        rig.clock.now_us = begin + k * HALF_US
        found.append(rig.model._of_half_cycles("rms") * dsp.AVCC / 230)
    return found


def test_step_within_the_window():
    # 230 V ends 2.5 ms and 5 ms after a crossing, for 10 ms (hand calculation with F(x) = x - sin(4 pi x) / (4 pi)).
    assert updates(half_cycle_rig(), ((2_500, 0.0), (12_500, 1.0)), 4)[:3] == pytest.approx(
        [0.738, 0.707, 0.978], abs=1e-3
    )
    assert updates(half_cycle_rig(), ((5_000, 0.0), (15_000, 1.0)), 4)[:3] == pytest.approx(
        [0.866, 0.707, 0.866], abs=2e-3
    )


@pytest.mark.parametrize("residual", [0.0, 0.4, 0.7, 0.85])
@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_half_cycles_of_a_dip(n, residual):
    found = updates(half_cycle_rig(), ((0, residual), (n * HALF_US, 1.0)), n + 4)
    below = sum(value < 0.9 for value in found)
    lowest = math.sqrt((1 + residual**2) / 2) if n == 1 else residual
    assert min(found) == pytest.approx(lowest, abs=1e-5)
    assert below == (n + 1 if residual <= 0.7 else n - 1)


def test_dip_and_swell():
    rig = half_cycle_rig(cycles=3)
    updates(rig, ((0, 0.65), (HALF_US, 1.0)), 5)  # two updates below: too short
    assert rig.read(0x402) & (1 << 30) == 0
    updates(rig, ((0, 0.65),), 2)
    assert rig.read(0x402) & (1 << 30) == 0
    rig.wait(HALF_US)
    assert rig.read(0x402) & (1 << 30)
    assert rig.read(0x4C1) == 1
    assert rig.read(0x402) & (1 << 30) == 0
    assert volts(rig) == pytest.approx(0.65, abs=1e-5)
    rig.clock.now_us += -rig.clock.now_us % HALF_US
    updates(rig, ((0, 1.0),), 3)
    assert rig.read(0x402) & (1 << 30)  # CONFIG1 asks for the exit too
    assert rig.read(0x4C1) == 0
    rig.clock.now_us += -rig.clock.now_us % HALF_US
    updates(rig, ((0, 1.15),), 5)
    assert rig.read(0x4C1) == 4
    assert volts(rig, 0x415) == pytest.approx(1.15, abs=1e-5)
    assert volts(rig) == pytest.approx(0.65, abs=1e-5)


def test_irq_of_a_dip_is_foreseen():
    rig = half_cycle_rig()
    assert rig.model.next_edge_us(rig.clock.now_us) is None
    rig.write(0x405, 1 << 30)
    rig.write(0x402, 1 << 16)  # RSTDONE cannot be masked
    begin = rig.clock.now_us = rig.clock.now_us - rig.clock.now_us % HALF_US + 10 * HALF_US
    rig.model.set_point(OperatingPoint(92_000, 0))
    edge = rig.model.next_edge_us(begin)
    assert edge == begin + HALF_US
    rig.clock.now_us = edge - 1
    assert rig.model.irq == 1
    rig.clock.now_us = edge
    assert rig.model.irq == 0 and rig.model.next_edge_us(edge) is None
    rig.read(0x4C1)
    assert rig.model.irq == 1 and rig.model.next_edge_us(rig.clock.now_us) is None  # as long as the voltage stays


def test_peak_clears_on_read():
    rig = Rig(point=OperatingPoint(230_000, 0)).start(x493=4)
    assert rig.read(0x401) == pytest.approx(230 * math.sqrt(2) / dsp.AVCC / 32, abs=2)
    assert rig.frame("4018" + "00" * 6)[2:6] == bytes(4)
    rig.wait(20_000)
    assert rig.read(0x401) > 700_000
    rig.model.freeze()
    rig.read(0x401)
    rig.wait(1_000_000)
    assert rig.read(0x401) == 0


def test_temperature():
    # T = TEMP_OFFSET/2**5 - TEMP_RSLT * TEMP_GAIN/2**17 (p. 28).
    rig = Rig(temperature_c=29.792)
    rig.wait(50_000)
    assert rig.read(0x4B7) == 0x3F0
    rig.write(0x4B6, 0x000C)
    rig.wait(1000)
    assert rig.read(0x402) & (1 << 12)
    assert rig.read(0x4B6) == 0x0004


def test_configuration_crc():
    rig = Rig().start()
    rig.write(0x4B4, 1)
    rig.wait(11_000)
    assert rig.read(0x402) & (1 << 23)
    rig.write(0x402, 1 << 24)
    golden = rig.read(0x4A8)
    rig.model.flip_config_bit(0x494, 3)
    rig.wait(11_000)
    assert rig.read(0x402) & (1 << 24)
    assert rig.read(0x4A8) != golden
    rig.write(0x494, 5511)
    rig.wait(11_000)
    assert rig.read(0x4A8) == golden
    assert Rig(seed=2).start().model.chip_id != rig.model.chip_id


def test_reset_accounts_for_what_was_not_read():
    rig = Rig(point=OperatingPoint(230_000, 3_600_000)).start()
    m = rig.model
    idle = m.unmeasured_nj["active_import_wh"]
    assert idle == pytest.approx(3_600_000 * rig.clock.now_us, rel=1e-3)  # nothing counted so far
    rig.wait(10_000_000)
    rig.read(0x39F)
    rig.wait(5_000_000)
    total = m.unwrapped("active")
    m.force_reset()
    assert m.lost("active") == total - m.acknowledged("active")
    rig.wait(47_000)
    m.advance()
    missing = (m.unmeasured_nj["active_import_wh"] - idle) / 3_600_000
    assert missing == pytest.approx(5_000_000 + 47_000, rel=3e-3)
    assert m.unwrapped("active") == m.acknowledged("active") + m.lost("active")
    assert rig.read(0x402) == 0x00010000 and rig.read(0x480) == 0


def test_frozen_and_run_loss_stop_the_count():
    for fault in (lambda m: m.freeze(), lambda m: m.lose_run()):
        rig = Rig(point=OperatingPoint(230_000, 3_600_000)).start()
        m = rig.model
        rig.wait(10_000_000)
        fault(m)
        held = rig.read(0x39F)
        m.advance()
        mark = m.unmeasured_nj["active_import_wh"]
        rig.wait(10_000_000)
        m.set_point(OperatingPoint(230_000, 1_000_000))
        rig.wait(10_000_000)
        m.advance()
        assert rig.read(0x39F) == held > 0
        assert m.unmeasured_nj["active_import_wh"] - mark == pytest.approx(46_000_000 * 1_000_000, rel=1e-6)


steps = st.lists(
    st.tuples(st.integers(1, 3_000_000), st.integers(-25_000, 25_000), st.integers(-5000, 5000), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(0, 1000), st.lists(st.integers(1, 999), max_size=3))
def test_cutting_an_interval_changes_nothing(plan, seed, cuts):
    errors = HiddenErrors.draw(random.Random(seed))
    rigs = [Rig(errors, seed=seed).start(settle_us=700_000) for _ in range(2)]
    for us, watt, var, small in plan:
        point = OperatingPoint(230_000, watt if small else watt * 1000, var if small else var * 1000)
        for rig in rigs:
            rig.model.set_point(point)
        rigs[0].wait(us)
        rigs[0].model.advance()
        done = 0
        for cut in sorted(us * c // 1000 for c in cuts):
            rigs[1].wait(cut - done)
            done = cut
            rigs[1].model.advance()
            rigs[1].model.cf_count(0)
            rigs[1].model.take_cf_edges(1)
        rigs[1].wait(us - done)
        for kind in KINDS:
            assert rigs[0].model.unwrapped(kind) == rigs[1].model.unwrapped(kind)
        for i in range(2):
            assert rigs[0].model.cf_count(i) == rigs[1].model.cf_count(i)
        for address in (0x39F, 0x3BD, 0x3B3, 0x41F):
            assert rigs[0].read(address) == rigs[1].read(address)
        m = rigs[0].model
        for kind in KINDS:
            # Still in the chip: less than one HI count and one 40-sample window.
            held = m.unwrapped(kind) - m.acknowledged(kind) - m.lost(kind)
            assert abs(held) < 8192 + 40 * 6_000_000

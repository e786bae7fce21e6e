# SPDX-License-Identifier: MIT
"""ATM90E26 driver pieces on a scripted bus: checksums, profile, frames, LastData, readings.

Vectors: Atmel-46002B (M90E26 datasheet) and Atmel-46102B (application note); the checksum rows of other sets were computed by
hand from the rule of 46002B 5.3 or are constants of public drivers for the part.
"""

from drivers.atm90e26 import ATM90E26
from drivers.atm90e26_energy import EnergyPass
from drivers.atm90e26_link import Link
from drivers.atm90e26_profile import ATM90E26Error, Profile, checksum, sag_threshold
from drivers.atm90e26_readings import Readings

POR_METERING = (0x0015, 0xD174, 0, 0, 0, 0, 0x08BD, 0, 0x0AEC, 0, 0x9422)
POR_ADJUSTMENT = (0x6720, 0x7A13, 0x7530, 0, 0, 0, 0, 0, 0, 0)


class Clock:
    def sleep_us(self, us):
        pass

    sleep_ms = sleep_us


class Chip:
    """What the SPI and the chip-select pin see: frames are recorded, answers come from a script, then from registers."""

    def __init__(self, script=()):
        self.script = list(script)
        self.frames = []
        self.levels = []
        self.registers = [0] * 128
        self.last = 0

    def cs(self, level):
        self.levels.append(level)

    def write_readinto(self, tx, rx):
        self.frames.append((tx[0], tx[1] << 8 | tx[2]))
        word = 0xFFFF
        if self.script:
            word = self.script.pop(0)
        elif tx[0] & 0x80:
            address = tx[0] & 0x7F
            if address != 0x06:
                self.last = self.registers[address]
                if 0x40 <= address <= 0x45:
                    self.registers[address] = 0
            word = self.last
        else:
            self.registers[tx[0]] = self.last = tx[1] << 8 | tx[2]
        rx[0] = 0xFF
        rx[1] = word >> 8
        rx[2] = word & 0xFF


def link(*script):
    chip = Chip(script)
    return Link(chip, chip.cs, Clock()), chip


def test_checksum_of_the_power_on_defaults():
    assert checksum(POR_METERING) == 0x55CB
    assert checksum(POR_ADJUSTMENT) == 0x6BB9


def test_checksum_of_sets_that_others_computed():
    # A public Arduino library, whose constants silicon has accepted for years
    m = (0x00B9, 0xC1F3, 0x1D39, 0, 0, 0, 0x08BD, 0, 0x0AEC, 0, 0x9422)
    assert checksum(m) == 0x4A34
    assert checksum((0xD464, 0x6E49, 0x7530, 0, 0, 0, 0, 0, 0, 0)) == 0xD294
    # The vendor's demonstration firmware
    m = (0x0010, 0x0000, 0x050E, 0, 0, 0, 0x08BD, 0, 0x0AEC, 0, 0x7422)
    assert checksum(m) == 0x1E74
    assert checksum((0x67D6, 0x55F8, 0x3FF8, 0, 0, 0, 0, 0, 0, 0)) == 0xDBC1
    # The worked example of Atmel-46102B 3.2
    m = (0x0015, 0xD174, 0x1475, 0x0024, 0, 0, 0x08BD, 0, 0x0AEC, 0, 0x7C22)
    assert checksum(m) == 0xF860
    assert checksum((0x5C3B, 0x5AA7, 0x7530, 0, 0, 0, 0x0035, 0, 0, 0)) == 0xEA72
    # Another public driver's defaults
    m = (0x0015, 0xD174, 0x1D39, 0, 0, 0, 0x08BD, 0, 0x0AEC, 0, 0x9422)
    assert checksum(m) == 0x7121
    assert checksum((0x6720, 0x7A13, 0x7530, 0, 0, 0, 0, 0, 0, 0)) == 0x6BB9


def test_checksum_of_the_calibrated_example():
    # 230 V, 200 uOhm, -1.27 % at PF 1, +0.31 % at 0.5 inductive, U 257.16 V, I 13.470 A
    m = (0x0045, 0xD174, 0x01A6, 0x000C, 0, 0, 0x0923, 0x074F, 0x0923, 0x074F, 0x7422)
    assert checksum(m) == 0x1DD7
    assert checksum((0x5C3C, 0x2D50, 0x7530, 0, 0, 0, 0, 0, 0, 0)) == 0x58BA


def test_nominal_profile():
    p = Profile(None)
    assert (p.cs1, p.cs2) == (0xB624, 0x3672)
    assert len(p.metering) == 11 and len(p.adjustment) == 10


def test_sag_threshold_follows_u_gain():
    assert sag_threshold(0x5C3C) == 0x2262  # 78 % of 230 V
    assert sag_threshold(1) == 0xFFFF


def record(**changes):
    words = list(Profile(None).metering) + list(Profile(None).adjustment) + [0]
    for name in changes:  # noqa: PLC0206
        words[int(name[1:])] = changes[name]
    out = bytearray()
    for word in words:
        out.append(word & 0xFF)
        out.append(word >> 8)
    return bytes(out)


def refused(payload):
    try:
        Profile(payload)
    except ATM90E26Error as error:
        assert error.code == 16
        return True
    return False


def test_record_is_little_endian_and_complete():
    p = Profile(record(_2=0x01A6, _11=0x5C3C, _12=0x2D50, _3=0x000C))
    assert (p.cs1, p.cs2, p.sag) == (0x1DD7, 0x58BA, 0x2262)
    assert refused(b"") and refused(record() + b"\0") and refused(record()[:-1])


def test_records_that_no_chip_may_get():
    assert refused(record(_0=0, _1=0))  # PL_constant 0
    assert refused(record(_11=0xD464))  # Ugain, bit 15
    assert refused(record(_11=0)) and refused(record(_12=0)) and refused(record(_13=0))
    assert refused(record(_10=0x74A2)) and refused(record(_10=0x7462))  # absolute energy: no direction
    assert refused(record(_10=0x7522))  # a high-pass filter off
    assert refused(record(_2=0x5000)) and refused(record(_2=0xA000))  # Lgain beyond 50 %
    assert refused(record(_3=0x0400))  # reserved bit of Lphi
    assert refused(record(_7=0x0924)) and refused(record(_9=0x0924))  # no-load above start
    assert refused(record(_21=0x1001)) and refused(record(_21=0xEFFF))  # turned beyond 3.6 degrees
    assert not refused(record(_2=0xFEFC, _3=0x8010, _21=0xF000))


def test_frames_are_24_bits_with_chip_select():
    wire, chip = link()
    wire.write(0x00, 0x789A)
    assert chip.frames == [(0x00, 0x789A)] and chip.levels == [0, 1]
    chip.registers[0x49] = 0x59D8
    assert wire.read(0x49, 0x1234) == 0x59D8
    assert chip.frames[-1] == (0xC9, 0x1234)


def test_a_good_reading_is_read_once():
    wire, chip = link(7, 7)
    assert wire.take(0x40) == 7 and wire.doubt == -1
    assert chip.frames == [(0xC0, 0), (0x86, 7)]
    assert wire.mismatches == 0


def test_a_damaged_confirmation_is_outvoted():
    wire, chip = link(7, 5, 7)
    assert wire.take(0x40) == 7 and wire.doubt == -1
    wire, chip = link(7, 5, 4, 7)
    assert wire.take(0x40) == 7 and wire.doubt == -1
    assert [f[0] for f in chip.frames] == [0xC0, 0x86, 0x86, 0x86]  # the register itself never again


def test_a_damaged_reading_is_reported_with_what_last_data_says():
    wire, chip = link(6, 7, 7)
    assert wire.take(0x40) == 6 and wire.doubt == 7
    assert wire.mismatches == 1
    wire, chip = link(6, 3, 7, 7)
    wire.take(0x40)
    assert wire.doubt == 7


def test_a_frame_that_did_not_arrive_is_no_energy():
    wire, chip = link(9, 9, 0xFFFF, 9, 9)
    assert wire.take(0x40) == 9
    assert wire.take(0x41) == 0 and wire.doubt == -1


def test_writes_are_verified_three_times_at_most():
    wire, chip = link()
    assert wire.store(0x31, 0x6720, True)
    assert chip.frames == [(0x31, 0x6720), (0x86, 0x6720), (0xB1, 0x6720)]
    wire, chip = link(*([0xFFFF] * 20))
    assert not wire.store(0x31, 0x6720, True)
    assert len(chip.frames) <= 12


def energy(*words):
    chip = Chip()
    for n in range(6):
        chip.registers[0x40 + n] = words[n]
    return EnergyPass(Link(chip, chip.cs, Clock())), chip


def test_six_registers_each_read_once():
    e, chip = energy(28, 0, 28, 17, 0, 17)
    assert e.read(100)
    assert (e.active, e.reactive, e.errors) == (28, 17, 0)
    assert [f[0] for f in chip.frames if f[0] != 0x86] == [0xC0, 0xC1, 0xC3, 0xC4, 0xC2, 0xC5]
    e, chip = energy(3, 25, 28, 0, 17, 17)
    e.read(100)
    assert (e.active, e.reactive) == (-22, -17)
    for n in range(6):
        chip.registers[0x40 + n] = 0
    del chip.frames[:]
    e.read(100)  # what counted last is read first
    assert [f[0] for f in chip.frames if f[0] != 0x86] == [0xC1, 0xC0, 0xC4, 0xC3, 0xC2, 0xC5]


def test_one_damaged_bit_is_decided_by_the_absolute_register():
    e, chip = energy(28, 0, 28, 17, 0, 17)
    # AP 28 arrives as 12 (bit 4); LastData says 28 twice; AN, RP, RN, AT, RT are good
    chip.script = [12, 28, 28, 0, 0, 17, 17, 0, 0, 28, 28, 17, 17]
    e.read(100)
    assert (e.active, e.reactive) == (28, 17)
    # the other way round: the reading was good and the evidence was destroyed (another register read in place of LastData)
    e, chip = energy(0, 0, 0, 0, 0, 0)
    chip.script = [28, 0, 0, 0, 0, 17, 17, 0, 0, 28, 28, 17, 17]
    e.read(100)
    assert (e.active, e.reactive) == (28, 17)


def test_the_same_wrong_evidence_twice_makes_no_energy():
    # LastData's address is flipped to FuncEn (2C, 44 counts) after AP and again after AT: LastData holds it from then on.
    e, chip = energy(0, 0, 0, 0, 0, 0)
    chip.script = [0, 44, 44, 0, 0, 0, 0, 0, 0, 1, 44, 44, 0, 0]
    e.read(100)
    assert (e.active, e.reactive) == (0, 0)


def test_absolute_read_in_place_of_forward_is_held_until_the_next_pass():
    e, chip = energy(0, 0, 0, 0, 0, 0)
    # 40 answered by 42 (28 counts, now empty); AP keeps its 28
    chip.script = [28, 28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert not e.read(100)
    assert e.active == 0
    chip.script = [56, 56, 0, 0, 0, 0, 0, 0, 28, 28, 0, 0, 0, 0]
    e.read(100)
    assert e.active == 56


def test_a_missed_register_catches_up():
    e, chip = energy(0, 0, 28, 0, 0, 0)  # AP's frame hit an invalid address: 0, and AP keeps its 28
    assert not e.read(100)
    assert (e.active, e.errors) == (0, 1)  # late, and told
    chip.registers[0x40], chip.registers[0x42] = 56, 28
    e.read(100)
    assert e.active == 56


def test_another_register_in_place_of_forward_is_not_energy():
    e, chip = energy(0, 0, 0, 0, 0, 0)
    chip.script = [5000, 5000, 0, 0, 0, 0, 0, 0, 28, 28, 0, 0, 0, 0]  # Irms answered; AP keeps its 28
    e.read(100)
    assert e.errors and e.active <= 28
    first = e.active
    chip.script = [56, 56, 0, 0, 0, 0, 0, 0, 28, 28, 0, 0, 0, 0]
    e.read(100)
    assert first + e.active == 56


def passes(*words):
    """Active and reactive counts of passes on one chip that shows these six registers in turn (AP AN AT RP RN RT)."""
    e, chip = energy(0, 0, 0, 0, 0, 0)
    active = reactive = 0
    for shown in words:
        for n in range(6):
            chip.registers[0x40 + n] = shown[n]
        e.read(100)
        active += e.active
        reactive += e.reactive
    return active, reactive, e


def test_foreign_counts_too_small_for_one_pass_do_not_add_up():
    # 43 answered by 4B (Qmean, 2), again and again: one pass cannot tell it from jitter, the sum of all passes can.
    active, reactive, e = passes(*[(6, 0, 6, 2, 0, 0), (6, 0, 6, 0, 0, 0)] * 20)
    assert active == 40 * 6
    assert 0 <= reactive <= 4
    assert e.errors >= 18


def test_jitter_loses_no_count_however_long():
    # Remainders of two registers: forward shows a count a pass before absolute does, or two passes, or the other way round.
    for swing in (
        [(1, 0, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0)],
        [(2, 0, 1, 0, 0, 0), (1, 0, 2, 0, 0, 0)],
        [(1, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0), (0, 0, 1, 0, 0, 0)],
        [(0, 0, 2, 0, 0, 0), (1, 0, 0, 0, 0, 0), (1, 0, 0, 0, 0, 0)],
    ):
        active, _, e = passes(*swing * 50)
        assert active == 50 * sum(words[0] for words in swing)
        assert not e.errors


class Wrong:
    """A Direction that holds every pass for turned round."""

    def look(self):
        pass

    def wrong(self, k, forward, reverse):
        return forward + reverse > 0


def test_only_the_register_read_first_can_show_the_counts_of_the_other():
    # Import; then a second in which 5 counts were exported and the power came back: AN, read second, is believed.
    e, chip = energy(6, 0, 6, 0, 0, 0)
    e.read(100)
    chip.registers[0x40], chip.registers[0x41], chip.registers[0x42] = 0, 5, 6
    e.read(100)
    e.check(Wrong())
    assert e.active == -5
    # Now AN is asked first: what it shows may be AP's.
    chip.registers[0x41], chip.registers[0x42] = 5, 5
    e.read(100)
    e.check(Wrong())
    assert (e.active, e.errors) == (5, 1)


def test_evidence_for_the_absolute_register_has_to_add_up():
    # 43 is answered by 4B (74); LastData after 45 (nothing) by FuncEn, 60: nearer to 74 than nothing is, and no proof of it.
    e, chip = energy(0, 0, 0, 0, 0, 0)
    chip.script = [2, 2, 0, 0, 74, 74, 0, 0, 2, 2, 0, 60, 60, 0, 0]
    e.read(100)
    assert (e.active, e.reactive) == (2, 0)


def test_a_foreign_direction_vouches_for_no_damaged_absolute():
    # 43 is answered by 4B (7498: more than can have flowed), and 45 (nothing) arrives with bit 6 set; LastData says 0, twice.
    e, chip = energy(0, 0, 0, 0, 0, 0)
    chip.script = [0, 0, 0, 0, 7498, 7498, 0, 0, 0, 0, 64, 0, 0]
    e.read(107)
    assert (e.active, e.reactive, e.errors) == (0, 0, 1)
    chip.registers[0x43], chip.registers[0x45] = 3, 3  # what RP had kept comes with the next pass
    e.read(107)
    assert (e.active, e.reactive) == (0, 3)


def test_what_exceeds_is_taken_from_the_reading_that_can_hold_it():
    # Both directions count in this pass: AP 3, AN 2, AT 5. AN is answered by Urms; it keeps its 2.
    e, chip = energy(0, 0, 0, 0, 0, 0)
    chip.script = [3, 3, 22999, 22999, 0, 0, 0, 0, 5, 5, 0, 0]
    e.read(100)
    assert (e.active, e.rejects) == (3 - 2, 1)


class Sample:
    def __init__(self):
        self.flags = 0
        self.rms_voltage_mv = self.rms_current_ma = self.active_power_mw = self.reactive_power_mvar = 0
        self.apparent_power_mva = self.power_factor_x1000 = self.frequency_hz_x1000 = 0
        self.active_counts = self.reactive_counts = self.apparent_counts = 0


def readings(status, urms, irms, p, q, s, f, pf, low=0, turn=0):  # noqa: PLR0917
    chip = Chip()
    for address, word in ((0x46, status), (0x49, urms), (0x48, irms), (0x4A, p), (0x4B, q), (0x4F, s)):
        chip.registers[address] = word
    chip.registers[0x4C], chip.registers[0x4D], chip.registers[0x08] = f, pf, low
    sample = Sample()
    r = Readings(Link(chip, chip.cs, Clock()))
    r.turn = turn
    return r.read(sample), sample, r


def test_readings_at_half_scale():
    good, s, _ = readings(0x8801, 0x59D8, 0x1388, 0x047E, 0, 0x047E, 5000, 0x03E8)
    assert good
    assert (s.rms_voltage_mv, s.rms_current_ma) == (230000, 10000)
    assert (s.active_power_mw, s.reactive_power_mvar, s.apparent_power_mva) == (2300000, 0, 2300000)
    assert (s.power_factor_x1000, s.frequency_hz_x1000) == (1000, 50000)


def test_signs_twos_complement_and_sign_magnitude():
    good, s, _ = readings(0x9801, 0x59D8, 0x1388, 0xFB82, 0, 0x047E, 5000, 0x83E8)
    assert good
    assert (s.active_power_mw, s.power_factor_x1000) == (-2300000, -1000)


def test_fraction_extends_both_signs_upwards():
    # 0x8000 of 65536: half a unit, doubled by half scale: 1 W
    _, s, _ = readings(0x0801, 0x59D8, 0x1388, 0x023F, 0x03E3, 0x047E, 5000, 0x01F4, 0x8000)
    assert (s.active_power_mw, s.reactive_power_mvar) == (1151000, 1991000)
    _, s, _ = readings(0x0801, 0x59D8, 0x1388, 0xFDC0, 0x03E3, 0x047E, 5000, 0x81F4, 0x8000)
    assert s.active_power_mw == -1151000


def test_largest_readings_are_small_ints():
    good, s, _ = readings(0x0801, 0x59D8, 0xC350, 0x2CEC, 0, 0x2CEC, 5000, 0x03E8, 0xFF00)
    assert good
    assert s.rms_current_ma == 100000
    assert 23000000 <= s.active_power_mw < 23002000


def test_power_readings_are_turned_back():
    # 10 A at PF 0.5, 1 degree late (1144 / 2**16 rad): 2300 VA cos 61, sin 61 deg = 1115 W, 2011 var are 1150 W, 1992 var.
    for sign, p, pf in ((1, 0x022D, 0x01E5), (-1, 0xFDD2, 0x81E5)):
        q = 0x03ED if sign > 0 else 0xFC12
        good, s, _ = readings(0x0801, 0x59D8, 0x1388, p, q, 0x047E, 5000, pf, 0x8000, 1144)
        assert good
        assert -500 <= s.active_power_mw - sign * 1_150_100 <= 500
        assert -500 <= s.reactive_power_mvar - sign * 1_991_500 <= 500
        assert s.power_factor_x1000 == sign * 500
    # Largest: 65.5 A at half scale and 3.6 degrees stay small ints.
    good, s, _ = readings(0x0801, 0x59D8, 0xC350, 0, 0x2CEC, 0x2CEC, 5000, 0, 0, 4096)
    assert good and 1_437_000 <= s.active_power_mw <= 1_437_500 < 2**30


def test_no_load_hides_the_power_factor():
    good, s, r = readings(0xC801, 0x59D8, 2, 0, 0, 0, 5000, 0)
    assert good and r.no_load and s.power_factor_x1000 == 1000


def test_readings_that_do_not_agree_are_refused():
    assert not readings(0x8801, 0x1388, 0x1388, 0x047E, 0, 0x047E, 5000, 0x03E8)[0]  # Irms in place of Urms
    assert not readings(0x8801, 0x59D8, 0x1388, 0x59D8, 0, 0x047E, 5000, 0x03E8)[0]  # P beyond S
    assert not readings(0x8801, 0x59D8, 0x1388, 0x047E, 0x047E, 0x047E, 5000, 0x03E8)[0]  # S in place of Q
    assert not readings(0x8801, 0x59D8, 0x1388, 0x0000, 0, 0x047E, 5000, 0x03E8)[0]  # PF is not P / S
    assert not readings(0x8801, 0x59D8, 0x1388, 0x047E, 0, 0x047E, 1000, 0x03E8)[0]  # 10 Hz
    assert not readings(0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF)[0]


def test_a_dead_bus_is_down_with_a_code_and_no_energy():
    for level, code in ((0, 2), (0xFFFF, 1)):
        chip = Chip([level] * 40)
        meter = ATM90E26(chip, chip.cs, Clock())
        sample = Sample()
        meter.read_into(sample, 1073741820, True)
        assert sample.flags == 8 | 16 and meter.fault == code
        assert sample.active_counts == 0


def test_snapshot_is_sixteen_bytes_at_its_place():
    chip = Chip()
    meter = ATM90E26(chip, chip.cs, Clock())
    buf = bytearray([0xAA] * 20)
    meter.save_snapshot(buf, 2)
    assert buf[1] == 0xAA and buf[18] == 0xAA and buf[2] == 0x26 and buf[17] == 0
    meter.load_snapshot(buf, 2)
    assert meter.counts_per_wh == 10 and meter.apparent_counted is False and meter.chip_id == bytes(8)

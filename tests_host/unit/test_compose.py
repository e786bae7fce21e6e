# SPDX-License-Identifier: MIT
"""Hardware -> meter, on a bus with plain memories: what is built for which record, and that a dead part stops nobody else."""

from app.records.merged import merged
from app.store import layout
from compose import compose
from fakes_hw import FakePin
from fakes_meter import DAY_2026
from hardware import Hardware

FRAM = 0x50
RTC = 0x68
LCD = 0x38


class Clock:
    """The names of `time`; only sleeping and the test let it go on."""

    def __init__(self):
        self.us = 0

    def ticks_us(self):
        return self.us % (1 << 30)

    def ticks_ms(self):
        return self.us // 1000 % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)

    def sleep_us(self, us):
        self.us += us

    def sleep_ms(self, ms):
        self.us += ms * 1000


class Bus:
    """FRAM with 16-bit addresses, an RTC of 19 registers at 2026-01-01 12:00:00, an LCD that takes bytes. gone: addresses."""

    def __init__(self):
        self.fram = bytearray(32768)
        self.rtc = bytearray(b"\x00\x00\x12\x05\x01\x01\x26" + bytes(12))
        self.lcd = []
        self.gone = set()

    def _check(self, address):
        if address in self.gone or address not in (FRAM, RTC, LCD):
            raise OSError(19)

    def _memory(self, address):
        return self.fram if address == FRAM else self.rtc

    def readfrom_mem_into(self, address, memory, buf, addrsize=8):
        self._check(address)
        for i in range(len(buf)):
            buf[i] = self._memory(address)[memory + i]

    def writeto_mem(self, address, memory, buf, addrsize=8):
        self._check(address)
        for i in range(len(buf)):
            byte = buf[i]
            if address == RTC and memory + i == 0x0F:  # flags can only be cleared (DS3231 data sheet, status register)
                byte &= self.rtc[0x0F] | 0x08
            self._memory(address)[memory + i] = byte

    def writeto(self, address, buf):
        self._check(address)
        if address == LCD:
            self.lcd.append(bytes(buf))
            return len(buf)
        at = buf[0] << 8 | buf[1]
        for i in range(2, len(buf)):
            self.fram[at + i - 2] = buf[i]
        return len(buf)


class DeadSpi:
    """Nobody drives MISO: zeros."""

    def write_readinto(self, tx, rx):
        for i in range(len(rx)):
            rx[i] = 0

    def write(self, tx):
        return None

    def readinto(self, rx, fill=0):
        self.write_readinto(rx, rx)


class StuckPin(FakePin):
    """A coil driver that is shorted: reads high whatever is driven."""

    def value(self, level=None):
        return 1 if level is None else None

    __call__ = value


class Watchdog:
    fed = 0

    def feed(self):
        self.fed += 1


def board(chip="ade9153a", variant="e1c1", memory=None, **members):
    hw = Hardware()
    hw.clock = Clock()
    hw.chip = chip
    hw.variant = variant
    hw.i2c = Bus()
    if memory is not None:
        hw.i2c.fram = memory
    hw.fram_address = FRAM
    hw.rtc_address = RTC
    hw.lcd = "pcf85176"
    for _ in range(2):
        hw.spi.append(DeadSpi())
        hw.afe_cs.append(FakePin(1))
        hw.afe_reset.append(FakePin(1))
    hw.k_set = [FakePin(0, []), None, FakePin(0, [])]
    hw.k_reset = [FakePin(0, []), None, FakePin(0, [])]
    hw.k_feedback = [FakePin(1), None, FakePin(0)]
    hw.watchdog = Watchdog()
    hw.power_fail = FakePin(1)
    hw.boot_us = 300_000
    for name, value in members.items():
        setattr(hw, name, value)
    return hw


def run(hw, meter, ms):
    """The loop of main.py; a wait is a sleep."""
    end = hw.clock.us + ms * 1000
    while hw.clock.us < end:
        now = hw.clock.ticks_ms()
        wait = hw.clock.ticks_diff(meter.poll(now), now)
        assert 0 < wait <= 100
        hw.clock.sleep_ms(wait)


def codes(meter):
    return [event[2] for event in merged(meter.log.logs)]


def test_dead_chip_everything_else_lives():
    for chip in ("ade9153a", "atm90e26"):
        hw = board(chip)
        meter = compose(hw)
        run(hw, meter, 4000)
        assert meter.elements[0].down and meter.supervision.warning
        assert meter.elements[0].failures == 0 and meter.feature_off == [0] * len(meter.feature_off)
        assert meter.clock.day == DAY_2026 and 43_200 <= meter.clock.second <= 43_205
        assert hw.watchdog.fed == meter.passes > 30
        assert hw.i2c.lcd and meter.store.hot.sequence[0] > 0
        assert codes(meter)[0] == 0x81A0  # no calibration
        assert hw.k_set[0].log.count(1) == 0 and hw.k_reset[0].log.count(1) == 0


def test_registers_are_back_before_the_first_pass():
    hw = board()
    meter = compose(hw)
    run(hw, meter, 12_000)  # the tariff has its records by then: a preset must not change what they hold
    assert meter.door.submit(5, 10, [0, 0, 1234], 0) == 0  # service, preset
    again = compose(board(memory=hw.i2c.fram))
    assert again.store.served_wh[0][0] == 1234 and again.passes == 0


def test_two_elements_on_two_chip_selects():
    hw = board(variant="e2c2")
    meter = compose(hw)
    assert len(meter.elements) == 2
    assert meter.elements[0].front_end is not meter.elements[1].front_end
    run(hw, meter, 1500)
    assert meter.store.restored and len(meter.store.served_wh) == 2


def test_switches_are_those_that_are_fitted():
    meter = compose(board())
    switches = meter.supply.switches
    assert switches[0] is not None and switches[1] is None and switches[2] is not None
    assert switches[0]._needs_arming and not switches[2]._needs_arming


def test_parts_that_do_not_answer_at_boot():
    for gone in ({RTC}, {LCD}, {RTC, LCD}):
        hw = board()
        hw.i2c.gone = gone
        meter = compose(hw)
        run(hw, meter, 2500)
        assert meter.feature_off == [0] * len(meter.feature_off)
        assert meter.clock.valid == (RTC not in gone)
        assert (0x7F13 in codes(meter)) == (RTC in gone)
        assert meter.store.hot.sequence[0] > 0


def test_coil_driver_that_is_stuck_does_not_stop_metering():
    hw = board()
    hw.k_set = [StuckPin(1), None, FakePin(0, [])]
    meter = compose(hw)
    run(hw, meter, 2500)
    assert meter.store.hot.sequence[0] > 0 and meter.elements[0].down
    switches = meter.supply.switches
    assert switches[0] is None and switches[2] is not None  # the others work
    assert 0x81C0 in codes(meter) and meter.store.flagged  # it cannot be opened


def test_store_lost_after_boot_and_back():
    hw = board()
    meter = compose(hw)
    run(hw, meter, 1500)
    sequence = meter.store.hot.sequence[0]
    hw.i2c.gone = {FRAM}
    run(hw, meter, 3000)
    assert meter.store.hot.sequence[0] == sequence and meter.store.save_failures > 0
    hw.i2c.gone = set()
    run(hw, meter, 1500)
    assert meter.store.hot.sequence[0] > sequence
    assert meter.feature_off == [0] * len(meter.feature_off)


def test_service_mode_has_no_switches_and_no_watchdog_is_no_fault():
    hw = board(service=True, watchdog=None)
    meter = compose(hw)
    assert meter.supply is None
    run(hw, meter, 1500)
    assert meter.door.submit(5, 1, 0, 0) == 11  # contactor open by service: not fitted
    assert hw.k_set[0].log == [] or hw.k_set[0].log.count(1) == 0


def test_board_that_cannot_keep_its_registers_does_not_meter():
    for members in ({"fram_address": None}, {"chip": "ade7880"}):
        hw = board()
        for name in members:
            setattr(hw, name, members[name])
        try:
            compose(hw)
        except ValueError as error:
            assert str(error)
        else:
            raise AssertionError(members)


def test_power_fail_pin_is_obeyed():
    hw = board()
    meter = compose(hw)
    run(hw, meter, 500)
    hw.power_fail.level = 0
    meter.poll(hw.clock.ticks_ms())
    assert meter.failing
    hw.power_fail.level = 1
    meter.poll(hw.clock.ticks_ms())
    assert not meter.failing


def test_face_is_left_out_where_there_is_no_lcd():
    hw = board(lcd=None)
    meter = compose(hw)
    assert meter.panel is None
    run(hw, meter, 1500)
    assert layout.HOT_BASE == 0x100 and hw.i2c.fram[0x100] == 1  # a hot record, version 1


def test_changed_settings_reach_the_keys():
    meter = compose(board())
    group = meter.engines.settings.panel
    group.long_press_ms = 3000
    meter.engines.reconfigured()
    assert meter.panel.keys.long_ms == 3000

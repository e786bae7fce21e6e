# SPDX-License-Identifier: MIT
"""app.panel.panel: what stands on the glass when, by a reader of its own; failure of the part; no allocation."""

from app import ticks
from app.panel import gestures, glass, items, modes, view
from app.panel.panel import Panel
from app.panel.view import View
from micropython import heap_lock, heap_unlock

START = (1 << 30) - 4000  # the tick wraps during the start test

# Digit byte -> character (a c b DP | f e g d), written from the drawing of seven segments.
CHARACTERS = {
    0x00: " ",
    0xED: "0",
    0x60: "1",
    0xA7: "2",
    0xE3: "3",
    0x6A: "4",
    0xCB: "5",
    0xCF: "6",
    0xE0: "7",
    0xEF: "8",
    0xEB: "9",
    0x02: "-",
    0x6D: "U",
    0x0F: "t",
    0x8D: "C",
    0x67: "d",
    0xEE: "A",
    0x8F: "E",
    0x47: "o",
    0x8E: "F",
}


class Lcd:
    def __init__(self):
        self.frame = None
        self.starts = 0
        self.writes = 0  # refreshes too
        self.refreshes = 0
        self.fail = False

    def start(self):
        if self.fail:
            raise OSError(19)
        self.starts += 1
        self.frame = bytes(16)

    def write(self, frame):
        if self.fail:
            raise OSError(19)
        self.writes += 1
        self.frame = bytes(frame)

    def refresh(self, frame):
        self.write(frame)
        self.refreshes += 1

    def lit(self, element):
        return bool(self.frame[element >> 3] & (0x80 >> (element & 7)))


class Light:
    def __init__(self):
        self.level = None
        self.fail = False

    def value(self, level):
        if self.fail:
            raise OSError(5)
        self.level = level


class Rig:
    """A panel on fakes; `run(ms)` ticks it every 50 ms and leaves the frame of the last moment."""

    def __init__(self, skip_test=True):
        self.lcd = Lcd()
        self.light = Light()
        self.panel = Panel(self.lcd, self.light, items.default_list(), b"1.2.3")
        self.view = View()
        self.ms = 0
        self.run(0)
        if skip_test:
            self.run(5000)

    @property
    def now(self):
        return ticks.add(START, self.ms)

    def run(self, ms):
        for _ in range(0, ms, 50):
            self.panel.tick(self.now, self.view)
            self.ms += 50
        self.panel.tick(self.now, self.view)

    def key(self, event):
        self.panel.key(event, self.now)
        self.panel.tick(self.now, self.view)

    def settings_scroll(self, seconds):
        self.panel.settings.auto_scroll_s = seconds

    def show(self, position):
        while self.panel.modes.position != position:
            self.key(gestures.A_SHORT)
        self.run(500)  # where it stood there already
        return self.digits()

    def _read(self, first, last):
        out = ""
        for byte in self.lcd.frame[first:last]:
            out += CHARACTERS.get(byte & 0xEF, "?") + ("." if byte & 0x10 else "")
        return out

    def digits(self):
        return self._read(0, 8)

    def descriptor(self):
        out = ""
        for byte in self.lcd.frame[8:12]:
            out += CHARACTERS.get(byte & 0xEF, "?")
        return out


def test_start_test():
    rig = Rig(skip_test=False)
    assert rig.panel.modes.mode == modes.TEST
    rig.run(50)
    assert rig.lcd.frame == b"\xff" * 16
    rig.run(1900)
    assert rig.lcd.frame == b"\xff" * 16
    rig.run(100)  # 2050 ms
    assert rig.lcd.frame == bytes(16)
    rig.run(900)
    assert rig.lcd.frame == bytes(16)
    rig.run(100)  # 3050 ms
    assert rig.digits() == "1.2.3     "
    assert rig.lcd.frame[8] == 0xCB and rig.descriptor()[1:] == "oFt"
    rig.run(1900)
    assert rig.digits() == "1.2.3     "
    rig.run(100)  # 5050 ms
    assert rig.panel.modes.mode == modes.AUTO
    assert rig.descriptor() == " 180"


def test_start_may_be_asked_for_again():
    rig = Rig()
    rig.panel.start(rig.now)
    rig.run(100)
    assert rig.lcd.frame == b"\xff" * 16
    rig.run(5000)
    assert rig.descriptor() == " 180"


def test_no_register_before_it_is_restored():
    rig = Rig()
    rig.view.wh[0] = 123456
    for position in range(4):
        assert rig.show(position) == "--------"
    rig.view.restored = 1
    rig.run(500)
    assert rig.panel.modes.position == 3 and rig.digits() == "     0.00"
    assert rig.show(0) == "   123.45"


def test_registers_are_cut_not_rounded():
    rig = Rig()
    rig.view.restored = 1
    for i, wh in enumerate((12345678, 9, 999999999, 1999)):
        rig.view.wh[i] = wh
    assert rig.show(0) == " 12345.67"
    assert rig.descriptor() == " 180"
    assert rig.lcd.frame[12] == 0xE0  # k W h
    assert rig.show(1) == "     0.00"
    assert rig.descriptor() == " 280"
    assert rig.show(2) == "999999.99"
    assert rig.lcd.frame[12] == 0x90  # k varh
    assert rig.show(3) == "     1.99"


def test_quantities():
    rig = Rig()
    v = rig.view
    v.active_power_mw = -1234999
    v.rms_voltage_mv = 239990
    v.rms_current_ma = 5239
    v.power_factor_x1000 = -987
    v.frequency_hz_x1000 = 49999
    for position in range(4, 9):
        assert rig.show(position) == "--------"
    v.quantities_valid = 1
    assert rig.show(4) == "   -1.234" and rig.descriptor() == "1670" and rig.lcd.frame[12] == 0xC0
    assert rig.show(5) == "    239.9" and rig.descriptor() == "3270" and rig.lcd.frame[12] == 0x04
    assert rig.show(6) == "     5.23" and rig.descriptor() == "3170" and rig.lcd.frame[12] == 0x08
    assert rig.show(7) == "   -0.987" and rig.descriptor() == "1370" and rig.lcd.frame[12] == 0x01
    assert rig.show(8) == "    49.99" and rig.descriptor() == "1470" and rig.lcd.frame[12] == 0x02


def test_a_small_negative_power_is_not_minus_nothing():
    rig = Rig()
    rig.view.quantities_valid = 1
    rig.view.active_power_mw = -999  # less than the last digit shown
    assert rig.show(4) == "    0.000"


def test_time_and_date():
    rig = Rig()
    v = rig.view
    v.year, v.month, v.day, v.hour, v.minute, v.second = 2035, 2, 9, 23, 5, 0
    assert rig.show(9) == "--------"
    assert rig.show(10) == "--------"
    v.clock_valid = 1
    assert rig.show(9) == "23-05-00" and rig.descriptor() == "UtC "
    assert rig.show(10) == "09.02.2035" and rig.descriptor() == "dAtE"


def test_auto_scroll_goes_round():
    rig = Rig()
    seen = []
    for _ in range(12):
        seen.append(rig.panel.modes.position)
        rig.run(6000)
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]
    assert rig.panel.modes.mode == modes.AUTO


def test_configured_times():
    rig = Rig()
    settings = rig.panel.settings
    settings.auto_scroll_s, settings.manual_timeout_s, settings.backlight_s = 2, 10, 5
    rig.run(2000)
    assert rig.panel.modes.position == 1
    rig.key(gestures.A_SHORT)
    rig.run(4900)
    assert rig.light.level == 1 and rig.panel.modes.mode == modes.MANUAL
    rig.run(100)
    assert rig.light.level == 0 and rig.panel.modes.mode == modes.MANUAL
    rig.run(5000)
    assert rig.panel.modes.mode == modes.AUTO and rig.panel.modes.position == 0


def test_key_goes_to_manual_and_back_by_time():
    rig = Rig()
    rig.key(gestures.A_SHORT)
    assert rig.panel.modes.mode == modes.MANUAL and rig.panel.modes.position == 1
    rig.run(29_000)
    assert rig.panel.modes.position == 1, "no scrolling in manual mode"
    rig.key(gestures.PRESSED)  # any key starts the time again
    rig.run(29_500)
    assert rig.panel.modes.mode == modes.MANUAL
    rig.run(1000)
    assert rig.panel.modes.mode == modes.AUTO and rig.panel.modes.position == 0


def test_b_leaves_manual_mode():
    rig = Rig()
    rig.key(gestures.A_SHORT)
    rig.key(gestures.A_SHORT)
    assert rig.panel.modes.position == 2
    rig.key(gestures.B_SHORT)
    assert rig.panel.modes.mode == modes.AUTO and rig.panel.modes.position == 0
    rig.key(gestures.B_SHORT)
    assert rig.panel.modes.mode == modes.AUTO and rig.panel.modes.position == 0


def test_a_key_is_answered_in_the_same_tick():
    rig = Rig()
    rig.view.restored = 1
    rig.view.wh[1] = 4200
    rig.run(100)
    writes = rig.lcd.writes
    rig.key(gestures.A_SHORT)
    assert rig.lcd.writes == writes + 1
    assert rig.digits() == "     4.20"


def test_back_light():
    rig = Rig(skip_test=False)
    assert rig.light.level == 0
    rig.key(gestures.NONE)
    assert rig.light.level == 0
    rig.key(gestures.PRESSED)  # even during the start test, which it does not end
    assert rig.light.level == 1 and rig.panel.modes.mode == modes.TEST
    rig.run(29_900)
    assert rig.light.level == 1
    rig.run(100)
    assert rig.light.level == 0


def test_arrows():
    rig = Rig()
    v = rig.view
    # (valid, current mA, power mW) -> import, export. Starting current 40 mA.
    for valid, current, power, importing, exporting in (
        (1, 39, 9000, False, False),
        (1, 40, 9000, True, False),
        (1, 40, -9000, False, True),
        (1, 5000, 0, False, False),
        (0, 5000, 9000, False, False),
    ):
        v.quantities_valid = valid
        v.rms_current_ma = current
        v.active_power_mw = power
        rig.run(500)
        assert rig.lcd.lit(glass.IMPORT) == importing, (valid, current, power)
        assert rig.lcd.lit(glass.EXPORT) == exporting, (valid, current, power)


def test_flags():
    for name, element in (
        ("warning", glass.WARNING),
        ("reverse", glass.REVERSE),
        ("battery", glass.BATTERY),
        ("tamper", glass.TAMPER),
        ("service", glass.TEST),
    ):
        rig = Rig()
        assert not rig.lcd.lit(element), name
        setattr(rig.view, name, 1)
        rig.run(500)
        assert rig.lcd.lit(element), name
        setattr(rig.view, name, 0)
        rig.run(500)
        assert not rig.lcd.lit(element), name


def test_active_elements():
    rig = Rig()
    for bits in range(4):
        rig.view.active_elements = bits
        rig.run(500)
        assert rig.lcd.lit(glass.L1) == bool(bits & 1)
        assert rig.lcd.lit(glass.L2) == bool(bits & 2)


def watched(rig, *elements):
    """States of `elements` in eight frames, half a second apart."""
    out = []
    for _ in range(8):
        rig.run(500)
        out.append([rig.lcd.lit(e) for e in elements])
    return out


def test_contactors():
    pairs = ((glass.K1_OPEN, glass.K1_CLOSED), (glass.K2_OPEN, glass.K2_CLOSED), (glass.K3_OPEN, glass.K3_CLOSED))
    for k in range(3):
        rig = Rig()
        for state, steady in ((view.ABSENT, [False, False]), (view.OPEN, [True, False]), (view.CLOSED, [False, True])):
            rig.view.contactor[k] = state
            assert watched(rig, *pairs[k]) == [steady] * 8, (k, state)
        for state, which in ((view.ARMED, 0), (view.BOOST, 1)):
            rig.view.contactor[k] = state
            states = watched(rig, *pairs[k])
            flashing = [s[which] for s in states]
            # 1 Hz: on, off, on, off at every half second.
            assert flashing in ([True, False] * 4, [False, True] * 4), (k, state)
            assert [s[1 - which] for s in states] == [False] * 8
        for other in range(3):
            if other != k:
                assert not rig.lcd.lit(pairs[other][0]) and not rig.lcd.lit(pairs[other][1])


def test_han():
    bars = (glass.HAN_BAR_1, glass.HAN_BAR_2, glass.HAN_BAR_3, glass.HAN_BAR_4)
    rig = Rig()
    rig.view.han_level = 4
    assert watched(rig, glass.HAN, *bars) == [[False] * 5] * 8
    rig.view.han_state = view.HAN_JOINING
    states = watched(rig, glass.HAN, *bars)
    assert [s[0] for s in states] in ([True, False] * 4, [False, True] * 4)
    assert [s[1:] for s in states] == [[False] * 4] * 8
    rig.view.han_state = view.HAN_JOINED
    for level in range(5):
        rig.view.han_level = level
        assert watched(rig, glass.HAN, *bars) == [[True] + [n < level for n in range(4)]] * 8


def test_a_frame_is_written_when_it_has_changed():
    rig = Rig()
    rig.view.restored = rig.view.clock_valid = 1
    rig.settings_scroll(60)
    rig.run(500)
    writes, refreshes = rig.lcd.writes, rig.lcd.refreshes
    rig.run(8000)
    assert rig.lcd.writes - writes <= 1 and rig.lcd.writes - writes == rig.lcd.refreshes - refreshes, (
        "nothing has changed"
    )
    for wh in range(10, 60, 10):  # two decimals of a kWh
        writes = rig.lcd.writes
        rig.view.wh[0] = wh
        rig.run(500)
        assert rig.lcd.writes == writes + 1 and rig.digits() == "     0.0%d" % (wh // 10)


def test_two_frames_a_second_at_most():
    rig = Rig()
    rig.view.contactor[0] = view.ARMED  # flashes at 1 Hz: each half second is another frame
    rig.run(1000)
    writes = rig.lcd.writes
    rig.run(10_000)
    assert rig.lcd.writes - writes == 20


def test_a_disturbed_part_is_healed_within_ten_seconds():
    # With nobody keeping an edition, and with one that stands still.
    for edition in (-1, 0):
        rig = Rig()
        rig.view.edition = edition
        rig.settings_scroll(60)
        for _ in range(5):
            rig.run(1300)
            good = rig.lcd.frame
            refreshes = rig.lcd.refreshes
            rig.lcd.frame = bytes(16)
            rig.run(10_500)
            assert rig.lcd.frame == good and any(good), edition
            assert 1 <= rig.lcd.refreshes - refreshes <= 2


def test_the_wait_it_asks_for():
    rig = Rig()
    rig.run(1000)
    wait = rig.panel.tick(rig.now, rig.view)
    assert 0 < wait <= 500
    writes = rig.lcd.writes
    rig.view.warning = 1
    assert rig.panel.tick(ticks.add(rig.now, wait - 1), rig.view) == 1
    assert rig.lcd.writes == writes
    assert rig.panel.tick(ticks.add(rig.now, wait), rig.view) == 500
    assert rig.lcd.writes == writes + 1


def test_a_dead_part_is_counted_and_started_again():
    rig = Rig()
    assert rig.lcd.starts == 1 and rig.panel.errors == 0
    rig.lcd.fail = True
    rig.view.warning = 1  # there is something to be written
    rig.run(2000)
    assert rig.panel.errors == 4  # one try a frame
    rig.lcd.fail = False
    rig.run(600)
    assert rig.lcd.starts == 2 and rig.panel.errors == 4
    assert rig.descriptor() != "    "
    rig.lcd.fail = True  # nothing to be written: seen when all is written again
    rig.settings_scroll(60)
    rig.run(10_500)
    assert rig.panel.errors > 4


def test_a_dead_back_light_is_counted():
    rig = Rig()
    rig.light.fail = True
    rig.key(gestures.A_SHORT)
    assert rig.panel.errors == 1 and rig.panel.modes.position == 1


def test_without_back_light():
    rig = Rig()
    dark = Panel(rig.lcd, None, items.default_list(), b"1")
    dark.key(gestures.A_SHORT, 0)
    dark.tick(0, rig.view)
    assert dark.errors == 0


def test_second_element_and_fewer_digits():
    v = View(elements=2)
    v.restored = 1
    v.wh[6] = 1234567  # active import of element 2
    lcd = Lcd()
    obis = b"\x01\x00\x01\x08\x00\xff"
    of_second = items.Items(items.record(obis, 3, 2, 3, 0, items.AUTO | items.SECOND))
    p = Panel(lcd, None, of_second, b"1")
    p.start(0)
    for now in range(0, 6000, 500):
        p.tick(now, v)
    assert lcd.frame[:8] == bytes([0, 0, 0, 0, 0, 0xA7, 0xE3, 0x6A])  # 1234 -> "234"


class Mute:
    def start(self):
        pass

    def write(self, frame):
        pass

    def refresh(self, frame):
        self.write(frame)

    def value(self, level):
        pass


def test_a_tick_allocates_nothing():
    part = Mute()
    p = Panel(part, part, items.default_list(), b"10.20.30")
    v = View()
    v.restored = v.quantities_valid = v.clock_valid = v.warning = 1
    v.wh[0] = 999999999
    v.active_power_mw = -25300000
    v.rms_current_ma = 110000
    v.year = 2035
    v.contactor[0] = view.ARMED
    v.han_state = view.HAN_JOINED
    v.han_level = 3
    now = START
    heap_lock()
    for n in range(400):
        p.tick(now, v)
        if n % 50 == 49:
            p.key(gestures.A_SHORT, now)
        now = ticks.add(now, 250)
    heap_unlock()
    assert p.errors == 0

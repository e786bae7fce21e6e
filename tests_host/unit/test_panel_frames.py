# SPDX-License-Identifier: MIT
"""app.panel.panel: when a frame is written; failure of the part; no allocation."""

from app import ticks
from app.panel import gestures, items, view
from app.panel.panel import Panel
from app.panel.view import View
from fakes_panel import START, Lcd, Plain
from micropython import heap_lock, heap_unlock


def test_a_frame_is_written_when_it_has_changed():
    rig = Plain()
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
    rig = Plain()
    rig.view.contactor[0] = view.ARMED  # flashes at 1 Hz: each half second is another frame
    rig.run(1000)
    writes = rig.lcd.writes
    rig.run(10_000)
    assert rig.lcd.writes - writes == 20


def test_a_disturbed_part_is_healed_within_ten_seconds():
    # With nobody keeping an edition, and with one that stands still.
    for edition in (-1, 0):
        rig = Plain()
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
    rig = Plain()
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
    rig = Plain()
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
    rig = Plain()
    rig.light.fail = True
    rig.key(gestures.A_SHORT)
    assert rig.panel.errors == 1 and rig.panel.modes.position == 1


def test_without_back_light():
    rig = Plain()
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

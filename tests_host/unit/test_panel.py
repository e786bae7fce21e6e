# SPDX-License-Identifier: MIT
"""app.panel.panel: what stands on the glass when, by a reader of its own."""

from app.panel import gestures, modes
from fakes_panel import Plain


def test_start_test():
    rig = Plain(skip_test=False)
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
    rig = Plain()
    rig.panel.start(rig.now)
    rig.run(100)
    assert rig.lcd.frame == b"\xff" * 16
    rig.run(5000)
    assert rig.descriptor() == " 180"


def test_no_register_before_it_is_restored():
    rig = Plain()
    rig.view.wh[0] = 123456
    for position in range(4):
        assert rig.show(position) == "--------"
    rig.view.restored = 1
    rig.run(500)
    assert rig.panel.modes.position == 3 and rig.digits() == "     0.00"
    assert rig.show(0) == "   123.45"


def test_registers_are_cut_not_rounded():
    rig = Plain()
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
    rig = Plain()
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
    rig = Plain()
    rig.view.quantities_valid = 1
    rig.view.active_power_mw = -999  # less than the last digit shown
    assert rig.show(4) == "    0.000"


def test_time_and_date():
    rig = Plain()
    v = rig.view
    v.year, v.month, v.day, v.hour, v.minute, v.second = 2035, 2, 9, 23, 5, 0
    assert rig.show(9) == "--------"
    assert rig.show(10) == "--------"
    v.clock_valid = 1
    assert rig.show(9) == "23-05-00" and rig.descriptor() == "UtC "
    assert rig.show(10) == "09.02.2035" and rig.descriptor() == "dAtE"


def test_auto_scroll_goes_round():
    rig = Plain()
    seen = []
    for _ in range(12):
        seen.append(rig.panel.modes.position)
        rig.run(6000)
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0]
    assert rig.panel.modes.mode == modes.AUTO


def test_configured_times():
    rig = Plain()
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
    rig = Plain()
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
    rig = Plain()
    rig.key(gestures.A_SHORT)
    rig.key(gestures.A_SHORT)
    assert rig.panel.modes.position == 2
    rig.key(gestures.B_SHORT)
    assert rig.panel.modes.mode == modes.AUTO and rig.panel.modes.position == 0
    rig.key(gestures.B_SHORT)
    assert rig.panel.modes.mode == modes.AUTO and rig.panel.modes.position == 0


def test_a_key_is_answered_in_the_same_tick():
    rig = Plain()
    rig.view.restored = 1
    rig.view.wh[1] = 4200
    rig.run(100)
    writes = rig.lcd.writes
    rig.key(gestures.A_SHORT)
    assert rig.lcd.writes == writes + 1
    assert rig.digits() == "     4.20"


def test_back_light():
    rig = Plain(skip_test=False)
    assert rig.light.level == 0
    rig.key(gestures.NONE)
    assert rig.light.level == 0
    rig.key(gestures.PRESSED)  # even during the start test, which it does not end
    assert rig.light.level == 1 and rig.panel.modes.mode == modes.TEST
    rig.run(29_900)
    assert rig.light.level == 1
    rig.run(100)
    assert rig.light.level == 0

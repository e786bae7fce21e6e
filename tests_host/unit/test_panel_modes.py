# SPDX-License-Identifier: MIT
"""app.panel.modes: the eight modes, how each is entered, left, and ends by itself (features R3.13 to R3.17, R3.24 to R3.30)."""

from app import ticks
from app.panel import gestures, items, modes, view
from app.panel import settings as st
from app.supply import door
from fakes_hw import without_heap
from fakes_panel import Alcs, Installation, Rig, Screen

A, B = gestures.A_SHORT, gestures.B_SHORT
A_LONG, B_LONG, BOTH_LONG = gestures.A_LONG, gestures.B_LONG, gestures.BOTH_LONG


def menu(rig, text):
    """Open the menu and step to an entry."""
    rig.key(A_LONG)
    for _ in range(8):
        if rig.digits().strip() == text:
            return True
        rig.key(A)
    return False


def pin(rig, *digits):
    for at, digit in enumerate(digits):
        rig.key(*[A] * digit)
        if at < 3:
            rig.key(B)
    rig.key(B_LONG)


def set_pin(rig):
    assert menu(rig, "P1n")
    rig.key(A_LONG)
    pin(rig, 1, 2, 3, 4)
    pin(rig, 1, 2, 3, 4)
    rig.run(2500)
    assert rig.privacy.set


def test_settings_take_effect_at_once():
    rig = Rig()
    rig.settings.auto_scroll_s = 2
    rig.run(2000)
    assert rig.panel.modes.position == 1
    rig.settings.a_short_opens = st.OPENS_NOTHING
    rig.settings.b_short_opens = st.OPENS_MANUAL
    rig.key(A)
    assert rig.panel.modes.mode == modes.AUTO
    rig.key(B)
    assert rig.panel.modes.mode == modes.MANUAL
    rig.settings.manual_timeout_s = 10
    rig.run(10_500)
    assert rig.panel.modes.mode == modes.AUTO
    rig.settings.a_long_opens_menu = 0
    rig.key(A_LONG)
    assert rig.modes.screen == modes.LIST


def test_ranges_of_the_settings():
    group = st.settings()
    expected = {
        "auto_scroll_s": (2, 60, 6),
        "manual_timeout_s": (10, 300, 30),
        "backlight_s": (5, 300, 30),
        "contrast": (0, 15, 8),
    }
    for at, name in enumerate(group.field_names()):
        low, high, default, _ = group.limits_of(at)
        assert low <= default <= high and getattr(group, name) == default
        if name in expected:
            assert expected.pop(name) == (low, high, default)
    assert not expected


def test_manual_list_has_more_than_the_auto_list():
    rig = Rig()
    seen = []
    for _ in range(15):
        rig.key(A)
        seen.append(rig.panel.modes.position)
    flags = [rig.items.records()[12 * i + 11] for i in seen]
    assert any(not flag & items.AUTO for flag in flags) and len(set(seen)) == 15


def test_menu():
    rig = Rig()
    rig.key(A_LONG)
    assert rig.panel.modes.mode == modes.MANUAL and rig.descriptor() == "nEnU" and rig.digits() == "P1n     "
    rig.key(A)
    assert rig.digits() == "bEEP 0n "
    rig.key(A_LONG)
    assert rig.settings.buzzer_mute == st.MUTE_ALL and rig.digits().startswith("bEEP 0FF") and rig.changes == 1
    rig.key(A_LONG)
    assert rig.settings.buzzer_mute == 0
    rig.key(A)
    assert rig.digits() == "P1n     ", "not fitted or not needed: supply, prepayment, UTRN, loads, end"
    rig.key(B)
    assert rig.panel.modes.mode == modes.AUTO
    rig.key(A_LONG)
    rig.run(30_500)
    assert rig.panel.modes.mode == modes.AUTO


def test_with_b_sealed_the_menu_has_an_end():
    rig = Rig()
    rig.settings.b_sealed = 1
    assert menu(rig, "End")
    rig.key(A_LONG)
    assert rig.panel.modes.mode == modes.AUTO


def test_prompt_comes_when_the_supply_is_armed():
    rig = Rig()
    rig.view.contactor[0] = view.ARMED
    rig.run(500)
    assert rig.panel.modes.mode == modes.MANUAL and rig.modes.screen == modes.PROMPT
    assert rig.descriptor() == "5UPP"
    rig.key(B)
    assert rig.door.asked == [], "a short B is no answer"
    rig.key(B_LONG)
    assert rig.door.asked == [(door.BUTTON, door.CONTACTOR_CLOSE)]
    assert rig.digits() == "donE    "
    rig.view.contactor[0] = view.CLOSED
    rig.run(2500)
    assert rig.panel.modes.mode == modes.AUTO and len(rig.door.asked) == 1


def test_prompt_ends_after_30_s_and_comes_back_with_a_key():
    rig = Rig()
    rig.view.contactor[1] = view.ARMED
    rig.run(30_000)
    assert rig.modes.screen == modes.PROMPT
    rig.run(1000)
    assert rig.panel.modes.mode == modes.AUTO
    rig.panel.key(gestures.PRESSED, rig.now)
    assert rig.modes.screen == modes.PROMPT
    rig.panel.key(A, rig.now)
    assert rig.modes.screen == modes.PROMPT, "the press that brought the question is no answer"
    rig.run(500)
    rig.panel.key(gestures.PRESSED, rig.now)
    rig.panel.key(A, rig.now)
    assert rig.panel.modes.mode == modes.MANUAL and rig.modes.screen == modes.LIST, "no"
    rig.key(A)
    assert rig.modes.screen == modes.LIST, "not asked again while somebody reads"
    rig.run(31_000)
    rig.panel.key(gestures.PRESSED, rig.now)
    rig.panel.key(B_LONG, rig.now)
    assert rig.door.asked == [(door.BUTTON, door.SECOND_CLOSE)], "pressed and held"


def test_a_refused_closing_is_said():
    rig = Rig()
    rig.door.result = 4  # busy
    rig.view.contactor[0] = view.ARMED
    rig.run(500)
    rig.key(B_LONG)
    assert rig.digits() == "FA1L    "


def test_prompt_goes_when_it_is_armed_no_more():
    rig = Rig()
    rig.view.contactor[0] = view.ARMED
    rig.run(500)
    rig.view.contactor[0] = view.OPEN
    rig.run(500)
    assert rig.panel.modes.mode == modes.AUTO
    rig.key(B_LONG)
    assert rig.door.asked == []


def test_with_b_sealed_long_a_closes():
    rig = Rig()
    rig.settings.b_sealed = 1
    rig.view.contactor[0] = view.ARMED
    rig.run(500)
    rig.key(A_LONG)
    assert rig.door.asked == [(door.BUTTON, door.CONTACTOR_CLOSE)]


def test_pin_is_set_twice_and_hides_marked_items():
    rig = Rig()
    menu(rig, "P1n")
    rig.key(A_LONG)
    assert rig.panel.modes.mode == modes.PIN and rig.descriptor() == "5Et "
    pin(rig, 1, 2, 3, 4)
    assert rig.descriptor() == "rPt "
    pin(rig, 1, 2, 3, 5)
    assert rig.digits() == "FA1L    " and not rig.privacy.set, "not twice the same"
    rig.run(2500)
    set_pin(rig)
    # 8161 / 8162 with the number of the command.
    assert [code for code, _ in rig.events] == [0x8162, 0x8161] and rig.events[1][1] == 0x84
    assert rig.panel.modes.position == 0, "who has just set it sees everything"
    rig.run(600_000)
    assert rig.privacy.locked and rig.panel.modes.mode == modes.AUTO
    seen = set()
    for _ in range(40):
        rig.key(A)
        seen.add(rig.panel.modes.position)
    flags = [rig.items.records()[12 * i + 11] for i in seen]
    assert seen and not any(flag & items.PIN for flag in flags)
    rig.run(31_000)
    menu(rig, "P1n")
    rig.key(A_LONG)
    assert rig.descriptor() == "P1n "
    pin(rig, 9, 9, 9, 9)
    assert rig.digits() == "FA1L    " and rig.privacy.locked
    rig.run(2500)
    menu(rig, "P1n")
    rig.key(A_LONG)
    pin(rig, 1, 2, 3, 4)
    assert rig.digits() == "donE    "
    rig.run(2500)
    assert rig.panel.modes.position == 0 and rig.panel.modes.mode == modes.AUTO
    menu(rig, "P1n")
    rig.key(A_LONG)
    assert rig.modes.screen == modes.CHOICE and rig.digits() == "5Et     "
    rig.key(A, A_LONG)
    assert not rig.privacy.set and rig.digits() == "donE    "


def test_digits_are_hidden_but_the_one_under_the_keys():
    rig = Rig()
    menu(rig, "P1n")
    rig.key(A_LONG, A, A, A)
    assert rig.digits() == "  3---  "
    rig.key(B, A)
    assert rig.digits() == "  -1--  "
    rig.run(30_500)
    assert rig.panel.modes.mode == modes.AUTO


def test_pin_with_b_sealed():
    rig = Rig()
    rig.settings.b_sealed = 1
    for _ in range(2):
        if rig.panel.modes.mode != modes.PIN:
            menu(rig, "P1n")
            rig.key(A_LONG)
        for digit in (0, 1, 2, 3):
            rig.key(*[A] * digit)
            rig.key(A_LONG)
    assert rig.digits() == "donE    "
    rig.run(601_000)
    assert rig.privacy.enter(123, rig.now)


def test_boost():
    alcs = Alcs()
    rig = Rig(alcs=alcs)
    rig.view.contactor[2] = view.OPEN
    assert menu(rig, "L0Ad")
    rig.key(A_LONG)
    assert rig.panel.modes.mode == modes.BOOST and rig.digits().startswith("15")
    rig.key(A, A)
    assert rig.digits().startswith("45")
    rig.key(A_LONG)
    assert alcs.boost_left_min == 45 and rig.digits() == "donE    " and rig.events == [(0x8161, 0x85)]
    rig.run(2500)
    assert rig.panel.modes.mode == modes.AUTO
    menu(rig, "L0Ad")
    rig.key(A_LONG, A, A, A, A)
    assert rig.digits() == "0FF     "
    rig.key(A_LONG)
    assert alcs.boost_left_min == 0
    rig.run(2500)
    menu(rig, "L0Ad")
    rig.key(A_LONG, A, A, A, A)
    assert rig.digits().startswith("15"), "there is no boost to end"
    rig.key(B)
    assert rig.panel.modes.mode == modes.AUTO and rig.door.asked == []


def test_load_by_hand_where_there_is_no_load_control():
    rig = Rig()
    rig.view.contactor[2] = view.OPEN
    assert menu(rig, "L0Ad")
    rig.key(A_LONG, A_LONG)
    assert rig.door.asked == [(door.BUTTON, door.AUX_CLOSE)]
    rig.run(2500)
    menu(rig, "L0Ad")
    rig.key(A_LONG, A, A_LONG)
    assert rig.door.asked[1] == (door.BUTTON, door.AUX_OPEN)


def test_test_mode():
    rig = Rig()
    rig.key(BOTH_LONG)
    assert rig.panel.modes.mode == modes.AUTO, "the cover is on"
    rig.view.cover_open = 1
    rig.key(BOTH_LONG)
    assert rig.panel.modes.mode == modes.TEST and rig.modes.test_active
    assert rig.lcd.frame == b"\xff" * 16
    rig.run(2000)
    assert rig.lcd.frame[8 + 2] & 0x10, "TEST is lit"
    first = rig.panel.modes.position
    rig.key(A)
    assert rig.panel.modes.mode == modes.TEST and rig.panel.modes.position != first
    flag = rig.items.records()[12 * rig.panel.modes.position + 11]
    assert flag & items.TEST
    rig.key(B)
    assert rig.panel.modes.mode == modes.AUTO and not rig.modes.test_active
    assert not rig.lcd.frame[8 + 2] & 0x10
    rig.key(BOTH_LONG)
    rig.run(602_500)
    assert rig.panel.modes.mode == modes.AUTO, "it ends by itself"
    rig.view.cover_open = 0
    rig.settings.test_without_cover = 1
    rig.key(BOTH_LONG)
    assert rig.modes.test_active
    rig.panel.start(rig.now)
    assert not rig.modes.test_active, "the start test is none"
    rig.run(5000)
    assert rig.panel.modes.mode == modes.AUTO


def test_installation():
    installation = Installation(2)
    rig = Rig(installation=installation)
    assert rig.panel.modes.mode == modes.INSTALL and rig.digits() == "n0 HUb  "
    installation.step = 7
    installation.number = 42
    rig.run(500)
    assert rig.digits() == "FA1L  42"
    rig.key(A)
    assert rig.panel.modes.mode == modes.INSTALL and rig.modes.screen == modes.LIST
    assert rig.items.records()[12 * rig.panel.modes.position + 11] & items.INSTALL
    rig.run(30_500)
    assert rig.modes.screen == modes.STEP, "back to what is being waited for"
    rig.key(A_LONG)
    assert rig.modes.screen == modes.MENU
    rig.run(30_500)
    assert rig.panel.modes.mode == modes.INSTALL
    installation.step = -1
    rig.run(500)
    assert rig.panel.modes.mode == modes.AUTO


def test_prepayment_and_utrn_only_where_fitted():
    rig = Rig()
    assert not menu(rig, "Utrn")
    screens = (Screen(), Screen())
    rig = Rig(prepayment=screens[0], utrn=screens[1])
    for text, mode, screen in (("PrEPAy", modes.PREPAYMENT, screens[0]), ("Utrn", modes.UTRN, screens[1])):
        assert menu(rig, text), text
        rig.key(A_LONG)
        assert rig.panel.modes.mode == mode and screen.entered == 1 and rig.lcd.frame[7] == 0xEF
        rig.key(A)
        assert rig.panel.modes.mode == mode
        rig.key(B)
        assert rig.panel.modes.mode == modes.AUTO
        menu(rig, text)
        rig.key(A_LONG)
        rig.run(30_500)
        assert rig.panel.modes.mode == modes.AUTO


def test_no_mode_allocates():
    alcs = Alcs()
    rig = Rig(alcs=alcs, prepayment=Screen(), utrn=Screen())
    rig.view.cover_open = 1
    rig.view.contactor[2] = view.OPEN
    panel = rig.panel
    events = (A_LONG, A_LONG, A, B, B_LONG, A_LONG, A, A_LONG, A, A_LONG, A_LONG, B_LONG, BOTH_LONG, A, A, A, B, A, A)
    seen = bytearray(8)
    rig.quiet()

    def play(now):
        for n in range(400):
            panel.key(gestures.PRESSED, now)
            panel.key(events[n % 19], now)
            rig.view.contactor[0] = view.ARMED if n & 16 else view.FAULT_OPEN
            for _ in range(6):
                now = ticks.add(now, 500)
                panel.tick(now, rig.view)
            seen[panel.modes.mode] = 1
        return panel.errors

    assert without_heap(play, rig.now) == 0
    assert sum(seen) >= 5

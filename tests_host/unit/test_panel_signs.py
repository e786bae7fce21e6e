# SPDX-License-Identifier: MIT
"""app.panel.canvas: which indicators are on, off or flash, by a reader of its own."""

from app.panel import glass, view
from fakes_panel import Plain


def test_arrows():
    rig = Plain()
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
        rig = Plain()
        assert not rig.lcd.lit(element), name
        setattr(rig.view, name, 1)
        rig.run(500)
        assert rig.lcd.lit(element), name
        setattr(rig.view, name, 0)
        rig.run(500)
        assert not rig.lcd.lit(element), name


def test_active_elements():
    rig = Plain()
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
        rig = Plain()
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
    rig = Plain()
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

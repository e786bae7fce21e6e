# SPDX-License-Identifier: MIT
"""app.panel.privacy: four digits, kept over a restart, open for ten minutes, three tries."""

from app import ticks
from app.panel.privacy import Privacy
from fakes_panel import Cold

START = (1 << 30) - 300_000  # the tick wraps while it is open


def test_set_open_and_closed_after_ten_minutes():
    privacy = Privacy(Cold(), 24)
    assert not privacy.locked and not privacy.enter(0, START)
    assert privacy.change(42, START) and privacy.set and privacy.open
    assert not privacy.tick(ticks.add(START, 599_999)) and not privacy.locked
    assert privacy.tick(ticks.add(START, 600_000)) and privacy.locked
    assert not privacy.tick(ticks.add(START, 700_000))
    assert not privacy.change(43, START), "who does not know it does not change it"
    assert not privacy.enter(41, START) and privacy.enter(42, START)


def test_kept_over_a_restart_and_locked_then():
    cold = Cold()
    Privacy(cold, 24).change(9999, START)
    other = Privacy(cold, 24)
    other.restore()
    assert other.locked and other.enter(9999, START)
    assert other.disable()
    third = Privacy(cold, 24)
    third.restore()
    assert not third.set and not third.locked


def test_a_store_that_does_not_take_it_changes_nothing():
    cold = Cold()
    privacy = Privacy(cold, 24)
    cold.full = True
    assert not privacy.change(1, START) and not privacy.set
    cold.full = False
    privacy.change(1, START)
    cold.full = True
    assert not privacy.disable() and privacy.set


def test_three_wrong_tries_close_it_for_ten_minutes():
    privacy = Privacy(Cold(), 24)
    privacy.change(1234, START)
    now = ticks.add(START, 600_000)
    privacy.tick(now)
    for wrong in (1, 2, 3):
        assert not privacy.enter(wrong, now)
    assert not privacy.enter(1234, now), "the right one is not looked at either"
    now = ticks.add(now, 600_000)
    privacy.tick(now)
    assert privacy.locked and privacy.enter(1234, now)


def test_wrong_tries_are_counted_in_a_row():
    privacy = Privacy(Cold(), 24)
    privacy.change(1234, START)
    for _ in range(3):
        assert not privacy.enter(1, START) and not privacy.enter(2, START) and privacy.enter(1234, START)

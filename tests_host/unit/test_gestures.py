# SPDX-License-Identifier: MIT
"""app.panel.gestures: debounce 20 ms, short below 2 s, long from 2 s, both within 200 ms; on both sides of the tick's
wrap.
"""

from app import ticks
from app.panel import gestures
from app.panel.gestures import (
    A_LONG,
    A_SHORT,
    B_LONG,
    B_SHORT,
    BOTH,
    BOTH_LONG,
    NONE,
    PRESSED,
    Gestures,
)
from micropython import heap_lock, heap_unlock

# Three starts: plain, so that the wrap falls inside most of the sequences, and just before it.
STARTS = (0, (1 << 30) - 1000, (1 << 30) - 5)


def play(start, edges, end_ms, step_ms=5, b_sealed=False):
    """edges: list of (ms, key 0/1, down). Polls every step_ms. Returns [(ms, event), ...] without NONE."""
    keys = Gestures(b_sealed)
    down = [0, 0]
    events = []
    for ms in range(0, end_ms, step_ms):
        for at, key, level in edges:
            if at <= ms < at + step_ms:
                down[key] = level
        event = keys.poll(ticks.add(start, ms), down[0], down[1])
        if event != NONE:
            events.append((ms, event))
    return events


def same(expected, edges, end_ms, **options):
    for start in STARTS:
        assert play(start, edges, end_ms, **options) == expected, (start, play(start, edges, end_ms, **options))


def test_short():
    same([(120, PRESSED), (420, A_SHORT)], [(100, 0, 1), (400, 0, 0)], 3000)
    same([(120, PRESSED), (420, B_SHORT)], [(100, 1, 1), (400, 1, 0)], 3000)


def test_long_comes_while_held_and_only_once():
    same([(120, PRESSED), (2100, A_LONG)], [(100, 0, 1), (4000, 0, 0)], 6000)
    same([(120, PRESSED), (2100, B_LONG)], [(100, 1, 1), (4000, 1, 0)], 6000)


def test_the_border_between_short_and_long():
    same([(120, PRESSED), (2115, A_SHORT)], [(100, 0, 1), (2095, 0, 0)], 4000)
    same([(120, PRESSED), (2120, A_LONG)], [(100, 0, 1), (2100, 0, 0)], 4000)


def test_long_is_known_at_the_release_when_nobody_polled():
    for start in STARTS:
        keys = Gestures()
        events = []
        for ms, down in ((0, 1), (20, 1), (2500, 0), (2520, 0)):
            events.append(keys.poll(ticks.add(start, ms), down, 0))
        assert events == [NONE, PRESSED, NONE, A_LONG]
        keys = Gestures()
        events = []
        for ms, down in ((0, 1), (20, 1), (1990, 0), (2010, 0)):
            events.append(keys.poll(ticks.add(start, ms), down, 0))
        assert events == [NONE, PRESSED, NONE, A_SHORT]


def test_bounce_is_not_a_press():
    # 15 ms pulses with pauses, then a real press that bounces at both ends.
    edges = [(100, 0, 1), (115, 0, 0), (130, 0, 1), (145, 0, 0)]
    same([], edges, 1000)
    edges = [(100, 0, 1), (105, 0, 0), (110, 0, 1), (500, 0, 0), (510, 0, 1), (520, 0, 0)]
    same([(130, PRESSED), (540, A_SHORT)], edges, 1000)


def test_twenty_ms_is_enough_and_nineteen_is_not():
    same([], [(100, 0, 1), (119, 0, 0)], 500, step_ms=1)
    same([(120, PRESSED), (141, A_SHORT)], [(100, 0, 1), (121, 0, 0)], 500, step_ms=1)


def test_both_within_200_ms():
    same([(120, PRESSED), (320, BOTH)], [(100, 0, 1), (300, 1, 1), (900, 0, 0), (950, 1, 0)], 3000)
    same([(120, PRESSED), (220, BOTH)], [(100, 1, 1), (200, 0, 1), (900, 0, 0), (950, 1, 0)], 3000)
    same([(120, PRESSED), (125, BOTH)], [(100, 1, 1), (100, 0, 1), (900, 0, 0), (950, 1, 0)], 3000)


def test_both_held_five_seconds():
    edges = [(100, 0, 1), (150, 1, 1), (6000, 0, 0), (6100, 1, 0)]
    same([(120, PRESSED), (170, BOTH), (5150, BOTH_LONG)], edges, 8000)


def test_a_late_second_key_is_not_seen():
    edges = [(100, 0, 1), (305, 1, 1), (900, 0, 0), (1500, 1, 0)]
    same([(120, PRESSED), (920, A_SHORT)], edges, 3000)


def test_next_gesture_after_everything_is_released():
    edges = [(100, 0, 1), (150, 1, 1), (400, 0, 0), (500, 1, 0), (800, 1, 1), (900, 1, 0)]
    same([(120, PRESSED), (170, BOTH), (820, PRESSED), (920, B_SHORT)], edges, 3000)


def test_sealed_b_is_ignored():
    same([], [(100, 1, 1), (400, 1, 0)], 1000, b_sealed=True)
    edges = [(100, 0, 1), (150, 1, 1), (400, 0, 0), (500, 1, 0)]
    same([(120, PRESSED), (420, A_SHORT)], edges, 1000, b_sealed=True)


def test_polling_allocates_nothing():
    keys = Gestures()
    now = (1 << 30) - 2500
    heap_lock()
    for ms in range(0, 12_000, 10):
        keys.poll(ticks.add(now, ms), (ms // 1000) & 1, (ms // 3000) & 1)
    heap_unlock()


def test_codes_are_distinct():
    codes = [getattr(gestures, n) for n in ("NONE", "PRESSED", "A_SHORT", "A_LONG", "B_SHORT", "B_LONG", "BOTH")]
    assert sorted(set(codes + [gestures.BOTH_LONG])) == list(range(8))

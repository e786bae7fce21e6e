# SPDX-License-Identifier: MIT
"""Any gestures in any mode, with anything fitted: one mode of eight is active, and left alone the panel is back in its list in
the time that the settings say. The oracle knows modes by number and times by setting, nothing of screens.
"""

from app.panel import canvas, face, gestures, glass, items, modes, object_map, panel, readings, view
from app.supply import alcs
from fakes_panel import Alcs, Installation, Rig, Screen
from hypothesis import given, settings
from hypothesis import strategies as some

KEYS = (
    gestures.A_SHORT,
    gestures.A_LONG,
    gestures.B_SHORT,
    gestures.B_LONG,
    gestures.BOTH,
    gestures.BOTH_LONG,
)
STATES = (view.OPEN, view.CLOSED, view.ARMED, view.ABSENT, view.FAULT_OPEN)

steps = some.one_of(
    some.tuples(some.just("key"), some.sampled_from(KEYS)),
    some.tuples(some.just("wait"), some.integers(0, 40_000)),
    some.tuples(some.just("contactor"), some.sampled_from(STATES)),
    some.tuples(some.just("relay"), some.sampled_from(STATES)),
    some.tuples(some.just("cover"), some.integers(0, 1)),
    some.tuples(some.just("sealed"), some.integers(0, 1)),
    some.tuples(some.just("step"), some.integers(-1, 7)),
    some.tuples(some.just("result"), some.integers(0, 7)),
)


@settings(max_examples=150, deadline=None)
@given(
    some.lists(steps, max_size=40),
    some.tuples(some.booleans(), some.booleans(), some.booleans()),
    some.tuples(some.integers(2, 60), some.integers(10, 300), some.integers(60, 3600)),
)
def test_one_mode_and_always_back(story, fitted, times):
    alcs = Alcs() if fitted[0] else None
    installation = Installation(-1) if fitted[1] else None
    screens = (Screen(), Screen()) if fitted[2] else (None, None)
    rig = Rig(alcs=alcs, installation=installation, prepayment=screens[0], utrn=screens[1])
    group = rig.settings
    group.auto_scroll_s, group.manual_timeout_s, group.test_timeout_s = times
    tested = False

    def wait(ms):
        end = rig.ms + ms
        while rig.ms < end:
            rig.ms = min(end, rig.ms + 500)
            rig.panel.tick(rig.now, rig.view)

    for what, value in story:
        if what == "key":
            cover = rig.view.cover_open
            rig.key(value)
            tested = tested or (value == gestures.BOTH_LONG and cover)
        elif what == "wait":
            wait(value)
        elif what == "contactor":
            rig.view.contactor[0] = value
        elif what == "relay":
            rig.view.contactor[2] = value
        elif what == "cover":
            rig.view.cover_open = value
        elif what == "sealed":
            group.b_sealed = value
        elif what == "step" and installation is not None:
            installation.step = value
        elif what == "result":
            rig.door.result = value
        mode = rig.panel.modes.mode
        assert mode in range(8)
        assert not (mode in (modes.PREPAYMENT, modes.UTRN) and not fitted[2])
        assert not (mode == modes.INSTALL and installation is None)
        assert not (mode == modes.TEST and not tested)
        assert rig.modes.test_active == (mode == modes.TEST)
        assert -1 <= rig.panel.modes.position < rig.items.count
        assert rig.panel.errors == 0
    # Left alone: the longest of the times, one for a prompt, and what a frame and an answer take.
    wait(max(group.manual_timeout_s, group.test_timeout_s, group.prompt_s) * 1000 + group.prompt_s * 1000 + 5000)
    at_home = modes.INSTALL if installation is not None and installation.step >= 0 else modes.AUTO
    assert rig.panel.modes.mode == at_home
    before = rig.panel.modes.position
    if at_home == modes.AUTO:
        wait(group.auto_scroll_s * 1000 + 500)
        assert rig.panel.modes.mode == modes.AUTO and rig.panel.modes.position != before


@settings(max_examples=60, deadline=None)
@given(some.lists(some.sampled_from(KEYS), max_size=30))
def test_nothing_is_closed_that_was_not_armed(keys):
    rig = Rig()
    rig.view.contactor[0] = view.OPEN
    rig.view.contactor[1] = view.CLOSED
    rig.key(*keys)
    assert rig.door.asked == []


def test_numbers_written_out_are_those_of_their_module():
    # On CPython a const() is a name as any other.
    for module, of in ((canvas, object_map), (readings, object_map), (items, object_map), (panel, object_map)):
        for name, value in vars(module).items():
            if name[0] == "_" and isinstance(value, int) and isinstance(getattr(of, name[1:], None), int):
                assert value == getattr(of, name[1:]), (module.__name__, name)
    assert (items._POWER_FACTOR, items._SECOND_POWER_FACTOR) == (
        20,
        20 + object_map.SECOND_QUANTITIES - object_map.QUANTITIES,
    )
    assert (canvas._TEXT_FORM, items._ROW - items._LABEL) == (object_map.TEXT, glass.MARKS)
    assert face._BY_BOOST == alcs.BY_BOOST

# SPDX-License-Identifier: MIT
"""Whole faces: a view through the panel, both drivers and both chip models onto the glass, as text and as pixels.

The goldens in tests_host/vectors/faces were looked at one by one. To make them again, then look again:

    PYTHONPATH=.:firmware:host_tools/shims:tests_host/unit python tests_host/bench/test_faces.py
"""

import pathlib
import random
import xml.etree.ElementTree

import numpy as np
import pytest
from app.panel import gestures, items, view
from app.panel import glass as firmware_glass
from app.panel.commands import Commands
from app.panel.panel import Panel
from app.panel.privacy import Privacy
from app.panel.readings import Readings
from drivers import ht1621 as ht1621_driver
from drivers import pcf85176 as pcf85176_driver
from fakes_panel import Alcs, Cold, Door, Installation
from PIL import Image

from host_tools.bench import glass
from host_tools.bench.bus import I2cBus
from host_tools.bench.chips import ht1621, pcf85176
from host_tools.bench.clock import VirtualClock

FACES = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "faces"


def _household():
    v = view.View()
    v.restored = v.quantities_valid = v.clock_valid = 1
    v.wh[:] = [12345678, 1999, 4444, 55, 0, 0]
    v.active_power_mw, v.reactive_power_mvar = 2300999, 120000
    v.rms_voltage_mv, v.rms_current_ma = 230190, 10057
    v.power_factor_x1000, v.frequency_hz_x1000 = 998, 50012
    v.year, v.month, v.day, v.hour, v.minute, v.second = 2035, 3, 25, 0, 59, 58
    v.contactor[:] = [view.CLOSED, view.ABSENT, view.OPEN]
    v.han_state, v.han_level = view.HAN_JOINED, 3
    v.active_elements = 1
    return v


def _exporting():
    v = _household()
    v.active_power_mw = -3680500
    v.power_factor_x1000 = -1000
    v.rms_current_ma = 16000
    v.reverse = v.battery = 1
    v.han_level = 4
    return v


def _in_trouble():
    v = _household()
    v.warning = v.tamper = v.service = 1
    v.contactor[:] = [view.OPEN, view.CLOSED, view.CLOSED]
    v.rms_current_ma = v.active_power_mw = v.active_elements = 0
    v.han_state, v.han_level = view.HAN_OFF, 0
    return v


def _not_restored():
    v = view.View()
    v.contactor[0] = view.CLOSED
    return v


# Name -> (view, milliseconds after the start, short presses of key A then).
SCENES = {
    "all-on": (_household, 1000, 0),
    "all-off": (_household, 2500, 0),
    "version": (_household, 4000, 0),
    "not-restored": (_not_restored, 5500, 0),
    "active-import": (_household, 5500, 0),
    "active-export": (_exporting, 5500, 1),
    "reactive-import": (_household, 5500, 2),
    "active-power": (_exporting, 5500, 4),
    "voltage": (_in_trouble, 5500, 5),
    "current": (_household, 5500, 6),
    "power-factor": (_exporting, 5500, 7),
    "frequency": (_household, 5500, 8),
    "time": (_household, 5500, 9),
    "date": (_in_trouble, 5500, 10),
}


A, B, A_LONG, B_LONG = gestures.A_SHORT, gestures.B_SHORT, gestures.A_LONG, gestures.B_LONG


def _second_household():
    v = _household()
    v.contactor[2] = view.CLOSED
    return v


def _armed():
    v = _household()
    v.contactor[0] = view.ARMED
    v.active_power_mw = v.rms_current_ma = v.active_elements = 0
    return v


def _broken():
    v = _household()
    v.contactor[0] = view.FAULT_CLOSED
    v.warning = v.non_disablement = v.locked = 1
    return v


def _summer():
    v = _household()
    v.local = v.ahead_h = 1
    v.hour, v.minute, v.second = 1, 0, 0
    return v


def _opened():
    v = _household()
    v.cover_open = v.service = 1
    return v


# Name -> (view, gestures after the start, milliseconds then): one or more of each mode.
STORIES = {
    "mode-0-install": (_household, (), 0),
    "mode-1-fault": (_broken, (), 250),
    "mode-2-local-time": (_summer, (A,) * 9, 0),
    "mode-2-supply-state": (_household, (A,) * 11, 0),
    "mode-2-price": (_household, (A,) * 13, 0),
    "mode-2-tariff-register": (_household, (A,) * 14, 0),
    "mode-2-demand-time": (_household, (A,) * 17, 0),
    "mode-2-reactive-power": (_household, (A,) * 18, 0),
    "mode-2-menu": (_household, (A_LONG,), 0),
    "mode-2-prompt": (_armed, (), 500),
    "mode-2-answer": (_armed, (B_LONG,), 0),
    "mode-3-prepayment": (_household, (A_LONG, A_LONG), 0),
    "mode-4-utrn": (_household, (A_LONG, A, A_LONG), 0),
    "mode-5-pin": (_household, (A_LONG, A, A, A_LONG, A, A, A, B, A, A), 0),
    "mode-6-boost": (_second_household, (A_LONG, A, A, A, A_LONG, A), 0),
    "mode-7-all-on": (_opened, (gestures.BOTH_LONG,), 1000),
    "mode-7-test": (_opened, (gestures.BOTH_LONG,), 2500),
    "mode-7-status": (_opened, (gestures.BOTH_LONG, None, A, A, A, A, A, A), 2500),
}


class Tariff:
    secondary_script = 0
    active_script = 2

    def tou_wh(self, index):
        return 7_654_321 + index

    def price(self):
        return 28_432


class Demand:
    maximum_w = (4321, 0, 0)
    captured_minute = (12867 * 1440 + 18 * 60 + 30, -1, -1)  # 2035-03-25 18:30
    last_w = (0, 0, 0)


class Supply:
    def state(self):
        return 1


class Registers:
    counts_per_wh = 352_704
    wh = (12_345_678, 1999, 4444, 55, 0, 0)
    residue = (176_352, 0, 0, 0, 0, 0)  # half a Wh


class Element:
    registers = Registers()


class Words:
    """A mode that somebody else makes."""

    def __init__(self, characters):
        self.characters = characters

    def enter(self, now_ms):
        return None

    def key(self, event, now_ms):
        return True

    def draw(self, frame):
        firmware_glass.window(frame, self.characters, 0)


class Lamp:
    def __init__(self):
        self.level = 0

    def value(self, level):
        self.level = level


def _parts():
    clock = VirtualClock()
    chip = ht1621.HT1621(clock, random.Random(3))
    yield ht1621_driver.HT1621(clock, chip.cs, chip.wr, chip.data), chip
    clock = VirtualClock()
    chip = pcf85176.PCF85176(clock, random.Random(4))
    bus = I2cBus(clock)
    bus.attach(0x38, chip)
    clock.charge(1000)
    yield pcf85176_driver.PCF85176(bus), chip


def play(name, lcd, chip):
    """(lit, back-light) of a scene on one part."""
    make_view, end_ms, presses = SCENES[name]
    v = make_view()
    lamp = Lamp()
    panel = Panel(lcd, lamp, items.default_list(), b"1.0.3")
    for now_ms in range(0, end_ms, 100):
        panel.tick(now_ms, v)
    for _ in range(presses):
        panel.key(gestures.A_SHORT, end_ms)
    panel.tick(end_ms, v)
    assert panel.errors == 0
    return chip.segments(), lamp.level


def tell(name, lcd, chip):
    """(lit, back-light) of a story on one part."""
    make_view, keys, later_ms = STORIES[name]
    v = make_view()
    lamp = Lamp()
    readings = Readings([Element()], b"1.0.3", 1000, tariff=Tariff(), demand=Demand(), supply=Supply())
    panel = Panel(
        lcd,
        lamp,
        items.default_list(),
        b"1.0.3",
        readings=readings,
        privacy=Privacy(Cold(), 0),
        commands=Commands(Door(), alcs=Alcs()),
        installation=Installation(2 if "install" in name else -1),
        prepayment=Words(b"bAL 1234"),
        utrn=Words(b"0123----"),
    )
    now_ms = 0
    while now_ms <= 5000:
        panel.tick(now_ms, v)
        now_ms += 100
    if v.armed():
        later_ms += 500
        panel.tick(now_ms + 400, v)
        now_ms += 400
    for key in keys:
        if key is None:
            now_ms += 2500
        else:
            panel.key(gestures.PRESSED, now_ms)
            panel.key(key, now_ms)
        panel.tick(now_ms, v)
    for at_ms in range(now_ms, now_ms + later_ms + 50, 50):
        panel.tick(at_ms, v)
    assert panel.errors == 0 and panel.modes.mode == int(name[5]), name
    return chip.segments(), lamp.level


PLAYERS = {name: play for name in SCENES} | {name: tell for name in STORIES}


@pytest.mark.parametrize("name", PLAYERS)
def test_face(name):
    golden = (FACES / f"{name}.txt").read_text(encoding="utf-8")
    with Image.open(FACES / f"{name}.png") as picture:
        pixels = picture.convert("RGB")
    for lcd, chip in _parts():
        lit, lamp = PLAYERS[name](name, lcd, chip)
        assert glass.text(lit) + "\n" == golden
        drawn = glass.image(lit, lamp)
        assert drawn.size == pixels.size
        assert drawn.tobytes() == pixels.tobytes()


def test_every_golden_belongs_to_a_scene():
    assert {p.stem for p in FACES.iterdir()} == set(PLAYERS)


def test_svg_has_every_element_once_and_the_right_ones_lit():
    lit = {(0, 0), (27, 3), (31, 1), (31, 3)}  # the last is not connected
    root = xml.etree.ElementTree.fromstring(glass.svg(lit, backlight=True))
    space = "{http://www.w3.org/2000/svg}"
    paths = {p.get("id"): p for p in root.iter(space + "path") if p.get("id")}
    assert set(paths) == {f"s{s}c{c}" for s, c in glass.ELEMENTS}
    assert {i for i, p in paths.items() if p.get("class") == "on"} == {"s0c0", "s27c3", "s31c1"}
    assert paths["s27c3"].find(space + "title").text == "WARN"


def test_no_two_elements_share_pixels():
    # But for the blades of a contactor, each in its own two positions, elements are separate electrodes.
    names = sorted(glass.ELEMENTS.items())
    empty = np.asarray(glass.image(set()))
    owner = np.full(empty.shape[:2], -1)
    for index, (element, name) in enumerate(names):
        changed = (np.asarray(glass.image({element})) != empty).any(axis=2)
        assert changed.any(), name
        others = {names[n][1] for n in np.unique(owner[changed]) if n >= 0}
        assert all({other[:2], name[:2]} in ({"K1"}, {"K2"}, {"K3"}) for other in others), (others, name)
        owner[changed] = index


def regenerate():
    """Write every golden from the PCF85176's glass."""
    FACES.mkdir(parents=True, exist_ok=True)
    for name, player in PLAYERS.items():
        lcd, chip = list(_parts())[1]
        lit, lamp = player(name, lcd, chip)
        (FACES / f"{name}.txt").write_text(glass.text(lit) + "\n", encoding="utf-8")
        (FACES / f"{name}.png").write_bytes(glass.png(lit, lamp))


if __name__ == "__main__":
    regenerate()

# SPDX-License-Identifier: MIT
"""The face: what the panel is shown of the meter, and what a person can do with two buttons.

Registers come from what is stored, never from what runs; signs by the table of indicators (docs/features.md, R3.05-R3.12).
"""

from app.clock import Clock
from app.config import Config
from app.metrology.element import Element
from app.panel import view as v
from app.panel.face import Face
from app.panel.gestures import Gestures
from app.panel.items import default_list
from app.panel.panel import Panel as RealPanel
from app.panel.view import View
from app.supply import door
from app.supply.switch import Switch
from fakes_hw import after, without_heap
from fakes_meter import DAY_2026, GOOD, START, Log, ScriptedFrontEnd
from fakes_panel import Alcs


class Part:
    """LCD and back-light that take everything."""

    def start(self):
        return None

    def write(self, frame):
        return None

    def refresh(self, frame):
        self.write(frame)

    def value(self, level):
        return None


class Panel(RealPanel):
    """The real one, that notes keys and ticks."""

    def __init__(self):
        part = Part()
        super().__init__(part, part, default_list(), b"1.0")
        self.keys = []
        self.ticks = 0
        self.started = None

    def start(self, now_ms):
        self.started = now_ms
        super().start(now_ms)

    def key(self, event, now_ms):
        self.keys.append(event)
        super().key(event, now_ms)

    def tick(self, now_ms, view):
        self.ticks += 1
        return super().tick(now_ms, view)


class Buzzer:
    def __init__(self):
        self.heard = []

    def sound(self, on):
        self.heard.append(on)


class Store:
    def __init__(self, count):
        self.restored = True
        self.served_wh = [[0, 0, 0, 0, 0, 0] for _ in range(count)]


class Watch:
    def __init__(self, count):
        self.warning = False
        self.reverse = [0] * count


class Relay:
    def __init__(self, position):
        self.at = position
        self.fault = 0

    def position(self):
        return self.at

    def refusal(self, closed, now_ms):
        return 0

    def start(self, closed, now_ms, tries=3):
        self.at = 1 if closed else 0
        return 0

    def poll(self, now_ms):
        return False

    def idle(self):
        return None


class Supply:
    """One whose switches may look other than before whenever it is asked."""

    def __init__(self, switches):
        self.switches = switches
        self.asked = 0

    @property
    def changes(self):
        self.asked = self.asked + 1 & 0xFFFF
        return self.asked


class Button:
    down = False

    def pressed(self):
        return self.down


class Bench:
    def __init__(self, count=1, positions=(), buttons=True):
        self.config = Config("e2c2" if count == 2 else "e1c1")
        self.panel = Panel()
        self.view = View(count)
        self.elements = [Element(ScriptedFrontEnd()) for _ in range(count)]
        self.store = Store(count)
        self.now = START
        self.clock = Clock(self.now)
        self.watch = Watch(count)
        self.log = Log()
        self.switches = [None, None, None]
        for i in range(len(positions)):
            if positions[i] is not None:
                self.switches[i] = Switch(Relay(positions[i]), i != 2)
                self.switches[i].unpack(bytearray(1), 0)
        supply = Supply(self.switches) if positions else None
        self.door = door.Door(*self.switches, self.clock, preset=None, log=self.log.append_now)
        self.buzzer = Buzzer()
        self.a = Button() if buttons else None
        self.b = Button() if buttons else None
        self.face = Face(
            self.panel,
            self.view,
            Gestures(),
            self.a,
            self.b,
            self.elements,
            self.store,
            self.clock,
            self.watch,
            supply,
            self.config,
            self.door,
            buzzer=self.buzzer,
        )
        self.face.start(self.now)

    def poll(self, ms=20, second=False):
        self.now = after(self.now, ms)
        for switch in self.switches:
            if switch is not None:
                switch.poll(self.now, True)
                switch.saved()
        self.face.poll(self.now, second)
        if second:
            self.face.poll(self.now, False)  # what a second brings is looked at in the next pass

    def run(self, ms):
        for i in range(20, ms + 20, 20):
            self.poll(20, i % 1000 == 0)

    def hold_b(self):
        self.b.down = True
        self.run(2200)
        self.b.down = False
        self.run(200)


def test_registers_shown_are_the_served_ones():
    b = Bench(2)
    b.store.served_wh[0][:] = [1, 2, 3, 4, 5, 6]
    b.store.served_wh[1][:] = [7, 8, 9, 10, 11, 12]
    for element in b.elements:
        element.registers.wh[:] = [100] * 6  # not stored yet
    b.poll(20, True)
    assert b.view.wh == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] and b.view.restored == 1
    b.store.restored = False
    b.poll(20, True)
    assert b.view.restored == 0


def test_looked_at_once_a_second():
    b = Bench()
    b.poll(20, True)
    b.watch.warning = True
    b.poll(20, False)
    assert b.view.warning == 0
    b.poll(20, True)
    assert b.view.warning == 1 and b.panel.ticks == 3 and b.panel.started == START


def test_quantities_are_those_of_the_first_element_while_it_counts():
    b = Bench()
    chip = b.elements[0].front_end
    chip.show(-1500, 300)
    chip.rms_current_ma = 6522
    chip.flags = GOOD
    b.elements[0].read(b.now, True)
    b.poll(20, True)
    view = b.view
    assert (view.rms_voltage_mv, view.rms_current_ma, view.frequency_hz_x1000) == (230_000, 6522, 50_000)
    assert (view.active_power_mw, view.reactive_power_mvar, view.quantities_valid) == (-1_500_000, 300_000, 1)
    b.elements[0].down = True
    b.poll(20, True)
    assert view.quantities_valid == 0


def test_element_is_active_above_its_starting_power_either_way():
    # 40 mA at 230 V are 9.2 W: 9 W is on, 8 W is off.
    b = Bench(2)
    for first, second, active in ((8, 8, 0), (9, 8, 1), (-9, 9, 3), (0, -2000, 2), (-8, 0, 0)):
        b.elements[0].sample.active_power_mw = first * 1000
        b.elements[1].sample.active_power_mw = second * 1000
        b.poll(20, True)
        assert b.view.active_elements == active, (first, second)


def test_an_active_element_drops_out_ten_per_cent_below():
    # On at 9 W, off below 8.1 W.
    b = Bench()
    for milliwatts, active in (
        (8_999, 0),
        (9_000, 1),
        (8_100, 1),
        (8_099, 0),
        (8_999, 0),
        (-9_000, 1),
        (-8_100, 1),
        (0, 0),
    ):
        b.elements[0].sample.active_power_mw = milliwatts
        b.elements[0].fresh = True
        b.poll(20, True)
        assert b.view.active_elements == active, milliwatts


def test_signs_of_other_parts_within_a_second():
    b = Bench()
    b.poll(20, True)
    edition = b.view.edition
    b.poll(20, True)
    assert b.view.edition == edition, "nothing has changed"
    signs = b.face
    for name, value in (
        ("battery", 1),
        ("non_disablement", 1),
        ("han_state", v.HAN_JOINED),
        ("han_level", 3),
        ("tamper", 1),
    ):
        setattr(signs, name, value)
        b.poll(20, True)
        assert getattr(b.view, name) == value and b.view.edition != edition, name
        edition = b.view.edition
    assert b.view.warning == 1, "a tamper flag is a cause of the warning"
    signs.tamper = 0
    b.poll(20, True)
    assert b.view.warning == 0
    signs.warning = 1
    b.watch.warning = True
    b.poll(20, True)
    signs.warning = 0
    b.poll(20, True)
    assert b.view.warning == 1, "only gone when all causes are"
    b.watch.warning = False
    b.poll(20, True)
    assert b.view.warning == 0


def test_a_contactor_that_does_not_obey():
    b = Bench(positions=(1, 0, None))
    b.switches[0].disagrees = True
    b.switches[1].relay.fault = 1
    b.face._look(b.now)
    assert b.view.contactor[:2] == [v.FAULT_CLOSED, v.FAULT_OPEN]
    b.face._look(b.now)
    assert b.view.warning == 1


def test_boost_is_a_flashing_switch():
    b = Bench(positions=(1, None, 1))
    b.poll(20, True)
    assert b.view.contactor[2] == v.CLOSED
    b.face.commands.alcs = Alcs()
    b.face.commands.alcs.boost_left_min = 15
    b.poll(20, True)
    b.poll(20, True)
    assert b.view.contactor[2] == v.BOOST
    b.face.commands.alcs.boost_left_min = 0
    b.poll(20, True)
    b.poll(20, True)
    assert b.view.contactor[2] == v.CLOSED


def test_local_time_over_both_changes_of_2026():
    # Last Sundays of March and October 2026: the 29th (day 9584) and the 25th (day 9794); at 01:00 UTC.
    b = Bench()
    for day, second, ahead in ((9584, 3599, 0), (9584, 3600, 1), (9794, 3599, 1), (9794, 3600, 0)):
        b.clock.set(day, second)
        b.poll(20, True)
        assert (b.view.local, b.view.ahead_h) == (1, ahead), (day, second)
    b.panel.settings.local_time = 0
    b.face.apply()
    b.clock.set(9584, 3600)
    b.poll(20, True)
    assert (b.view.local, b.view.ahead_h) == (0, 0)


def test_press_times_are_settings():
    b = Bench()
    b.panel.settings.long_press_ms = 1000
    b.face.apply()
    b.run(5200)
    b.a.down = True
    b.run(1200)
    assert b.panel.keys[-1] == 3  # A_LONG
    b.a.down = False
    b.run(200)
    b.panel.settings.b_sealed = 1
    b.face.apply()
    b.b.down = True
    b.run(2500)
    assert b.panel.keys[-1] == 3


def test_keys_click_and_arming_beeps():
    b = Bench(positions=(0, None, None))
    b.run(5500)
    b.a.down = True
    b.run(200)
    b.a.down = False
    b.run(200)
    assert b.buzzer.heard[:2] == [True, False] and not b.face.sound.busy
    del b.buzzer.heard[:]
    b.run(6000)
    b.switches[0].arm()
    b.run(4000)
    assert b.buzzer.heard.count(True) == 3 and b.buzzer.heard[-1] is False


def test_test_display_by_both_keys():
    b = Bench()
    b.run(5500)
    b.face.terminal_open = 1
    b.run(1000)
    b.a.down = b.b.down = True
    b.run(5300)
    assert b.face.modes.test_active
    b.a.down = b.b.down = False
    b.run(2000)
    assert b.view.service == 1 and b.view.status() & 256
    b.b.down = True
    b.run(200)
    b.b.down = False
    b.run(2000)
    assert not b.face.modes.test_active and b.view.service == 0


def test_time_is_utc_and_valid_only_if_known():
    b = Bench()
    b.poll(20, True)
    assert b.view.clock_valid == 0
    b.clock.set(DAY_2026, 45_296)
    b.poll(20, True)
    view = b.view
    assert (view.year, view.month, view.day, view.hour, view.minute, view.second) == (2026, 1, 1, 12, 34, 56)
    assert view.clock_valid == 1


def test_warning_and_reverse():
    b = Bench()
    b.watch.warning = True
    b.watch.reverse[0] = 1
    b.poll(20, True)
    assert (b.view.warning, b.view.reverse) == (1, 1)


def test_contactor_signs():
    b = Bench(positions=(1, 0, 2))
    b.poll(20, True)
    assert b.view.contactor == [v.CLOSED, v.OPEN, v.ABSENT]  # a position that nobody knows is not shown as one
    b.switches[1].arm()
    b.poll(20, True)
    assert b.view.contactor[1] == v.ARMED
    b = Bench()
    b.poll(20, True)
    assert b.view.contactor == [v.ABSENT] * 3


def test_keys_reach_the_panel_and_are_reported_while_down():
    b = Bench()
    b.run(200)
    assert not b.face.keys_down and b.panel.keys == []
    b.a.down = True
    b.run(100)
    assert b.face.keys_down and b.panel.keys == [1]  # PRESSED
    b.a.down = False
    b.run(100)
    assert not b.face.keys_down and b.panel.keys == [1, 2]  # A_SHORT
    Bench(buttons=False).run(200)


def armed(index=0, positions=(0, 0, 0)):
    b = Bench(positions=positions)
    b.run(11_000)  # ten seconds of good supply
    assert b.switches[index].arm() == 0
    b.run(1000)
    del b.log.events[:]
    return b


def test_person_closes_an_armed_contactor_through_the_door():
    b = armed()
    b.hold_b()
    assert b.switches[0].commanded == 1 and b.switches[0].source == door.BUTTON
    # 8161 command done at the user interface; extra source << 12 | result << 8 | command.
    assert b.log.events == [(0x8161, door.CONTACTOR_CLOSE)]
    b.run(1000)
    assert b.view.contactor[0] == v.CLOSED


def test_second_contactor_too():
    b = armed(1)
    b.hold_b()
    assert b.switches[1].commanded == 1 and b.switches[0].commanded == 0
    assert b.log.events == [(0x8161, door.SECOND_CLOSE)]


def test_short_b_long_a_or_both_close_nothing():
    b = armed()
    for key, ms in ((b.b, 1500), (b.a, 2500)):
        key.down = True
        b.run(ms)
        key.down = False
        b.run(500)
    b.a.down = b.b.down = True
    b.run(6000)
    b.a.down = b.b.down = False
    b.run(500)
    assert b.switches[0].commanded == 0 and b.log.events == []


def test_contactor_that_is_not_armed_stays_open():
    b = Bench(positions=(0, None, None))
    b.run(11_000)
    b.hold_b()
    assert b.switches[0].commanded == 0 and b.log.events == []


def test_polling_allocates_nothing():
    b = armed()
    now = after(b.now, 20)

    def poll(now):
        b.face.poll(now, True)
        return b.panel.ticks

    assert without_heap(poll, now) > 0

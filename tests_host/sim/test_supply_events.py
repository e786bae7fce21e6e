# SPDX-License-Identifier: MIT
"""Every event of supply, load control and tamper detection, raised through the front door of the whole meter on the bench:
by what flows, by a cover, a magnet, a contact, or by a command at the door.
"""

import pytest
from app.store import layout
from app.supply import control as sc
from app.supply import door

from host_tools.bench.job import Job
from host_tools.bench.point import HiddenErrors, OperatingPoint
from host_tools.bench.world import SECOND_US, McuReset, SupplyLost

NOMINAL = OperatingPoint(230_000, 1_000_000)


class Run:
    """script: [(at_s, callable(run))]; settings: {"group.name": value}; segments: [(seconds, point)], the rest nominal."""

    def __init__(
        self,
        until_s,
        script=(),
        settings=None,
        variant="e1c1",
        segments=(),
        fit=(),
        tick_ms=100,
        outage_us=200_000_000,
        each=None,
    ):
        job = Job(
            variant=variant, until_s=until_s, tick_ms=tick_ms, errors=[HiddenErrors()] * (2 if variant == "e2c2" else 1)
        )
        spans = [(round(s * SECOND_US), point) for s, point in segments]
        job.sources[0] = iter([*spans, (until_s * SECOND_US, NOMINAL)])
        self.each = each
        self.script = sorted(script, key=lambda step: step[0])
        self.settings = settings or {}
        self.results = []
        self.sim = job.simulation(on_pass=self._pass, on_boot=self._boot)
        self.sim.outage_us = outage_us
        self.bench = self.sim.bench
        self.world = self.sim.world
        for name in fit:
            self.bench.fit(name)
        self.sim.run()
        self.events = self.sim.events()

    def codes(self, *wanted):
        return [code for _, code in self.events if code in wanted]

    def submit(self, code, argument=0, source=door.SERVICE):
        result = self.meter.door.submit(source, code, argument, self.world.clock.ticks_ms())
        self.results.append(result)
        return result

    @property
    def meter(self):
        return self.sim.meter

    @property
    def control(self):
        return self.meter.engines.controls[0]

    def _boot(self, meter):
        for name, value in self.settings.items():
            group, _, field = name.partition(".")
            getattr(meter.engines.settings, group).set_value(field, value)
            assert getattr(meter.engines.settings, group).fault() is None
        meter.engines.quality.reload()

    def _pass(self, meter):
        if self.each is not None:
            self.each(self)
        while self.script and self.script[0][0] * SECOND_US <= self.world.clock.now_us:
            self.script.pop(0)[1](self)


def command(code, argument=0, source=door.SERVICE):
    return lambda run: run.submit(code, argument, source)


def level(name, value):
    return lambda run: setattr(run.bench.covers[name], "level", value)


def for_s(name, seconds, value):
    return lambda run: run.bench.covers[name].pulse(run.world.clock.now_us, round(seconds * SECOND_US), value)


ARM = (12, command(door.TAMPER_ARM))
COVER_CODES = {
    "main_cover": (0x8F74, 0x81B9),
    "terminal_cover": (0x8F76, 0x81C1),
    "second_terminal_cover": (0x8F77,),
    "battery_cover": (0x8F73, 0x81A1),
    "other_tamper": (0x8F78,),
}


@pytest.mark.parametrize("name", COVER_CODES)
def test_covers(name):
    fit = [name] if name not in ("main_cover", "terminal_cover") else []
    run = Run(20, [ARM, (13, for_s(name, 0.4, 1)), (15, for_s(name, 0.7, 1))], fit=fit)
    every = [code for codes in COVER_CODES.values() for code in codes]
    assert run.codes(*every) == list(COVER_CODES[name])
    begun = next(stamp for stamp, code in run.events if code == COVER_CODES[name][0])
    assert begun % 86_400 == 15 and sum(run.meter.engines.tamper.counts) == 1


def test_magnet():
    script = [ARM, (13, for_s("magnet", 1.5, 0)), (16, for_s("magnet", 3, 0)), (22, for_s("magnet", 3, 0))]
    run = Run(40, script)
    found = [(stamp % 86_400, code) for stamp, code in run.events if code in (0x8F75, 0x81BC)]
    assert [code for _, code in found] == [0x8F75, 0x81BC]  # the second approach is within the ten seconds
    assert abs(found[0][0] - 18) <= 1 and abs(found[1][0] - 35) <= 1


def test_an_input_that_cannot_be_read():
    run = Run(90, [ARM, (13, level("terminal_cover", 2))])
    assert run.codes(0x8F3F, 0x8F76) == [0x8F3F]


def test_arming_by_closed_covers_and_disarming_by_command():
    states = []

    def note(run):
        states.append(run.meter.engines.tamper.armed)

    script = [
        (55, note),
        (70, note),
        (71, command(door.TAMPER_DISARM, source=door.HAN)),
        (72, command(door.TAMPER_DISARM, source=door.WAN)),
        (73, for_s("terminal_cover", 5, 1)),
        (74, command(door.TAMPER_ARM)),
        (100, note),
        (145, note),
    ]
    run = Run(150, script)
    assert states == [False, True, False, True]
    assert run.results == [door.REFUSED_NO_RIGHT, 0, 4]
    assert run.codes(0x8F76, 0x81C1) == [] and run.codes(0x7F18) == [0x7F18] * 2 and run.codes(0x7F19) == [0x7F19] * 3


def test_tamper_locks_the_supply_and_the_supplier_releases():
    states = []
    script = [
        ARM,
        (14, for_s("terminal_cover", 5, 1)),
        (16, lambda run: states.append(run.control.state())),
        (17, command(door.CONTACTOR_ARM, source=door.WAN)),
        (18, command(door.CONTACTOR_OPEN, source=door.WAN)),
        (19, command(door.CONTACTOR_CLOSE, source=door.WAN)),
        (32, command(door.CONTACTOR_CLOSE, source=door.BUTTON)),
        (35, lambda run: states.append(run.control.state())),
    ]
    run = Run(36, script, {"tamper.tamper_locks": 2})
    assert states == [sc.LOCKED, sc.ENABLED] and run.codes(0x81BE, 0x8F76) == [0x8F76, 0x81BE]
    assert run.results[1:] == [door.REFUSED_LOCKED, 1, door.ARMED, 0]  # 1: the contactor is open already
    assert len(run.bench.relays[0].pulses) == 2 and not run.bench.relays[0].damage


def test_a_cover_opened_in_the_dark_is_told_after_the_outage_with_its_window():
    def lose(run):
        run.bench.covers["terminal_cover"].set_at(run.world.clock.now_us + 30 * SECOND_US, 1)
        raise SupplyLost

    run = Run(240, [ARM, (20, lose)])
    wanted = (0x8F57, 0x8F35, 0x8F36, 0x8F76)
    log = run.meter.log.logs.log[layout.LOG_SECURITY]
    event = [0] * 8
    window = None
    for back in range(10):
        if log.newest_into(back, event) and event[2] == 0x8F76:
            window = event[3]
    assert [code for _, code in run.events if code in wanted].count(0x8F76) == 1
    assert window is not None and 199 <= window <= 202
    lost = next(stamp for stamp, code in run.events if code == 0x8F57)
    back = next(stamp for stamp, code in run.events if code == 0x8F36)
    told = next(stamp for stamp, code in run.events if code == 0x8F76)
    assert told == back and told - window == lost


CAUSES = {
    "frequency": (OperatingPoint(230_000, 1_000_000, 0, 46_900), "under_frequency", 5),
    "sag": (OperatingPoint(200_000, 900_000), "sag", 6),
    "swell": (OperatingPoint(262_000, 1_000_000), "swell", 6),
    "over voltage": (OperatingPoint(262_000, 1_000_000), "over_voltage", 6),
    "current": (OperatingPoint(230_000, 24_800_000), "over_current", 7),
}


@pytest.mark.parametrize("case", CAUSES)
def test_automatic_causes_open_and_close_again(case):
    point, name, cause = CAUSES[case]
    settings = {
        f"causes.{name}_opens": 1,
        f"causes.{name}_rule": 2,
        f"causes.{name}_back_s": 3,
        f"quality.{name}_s": 2,
    }
    noted = []
    segments = [(13, NOMINAL), (6, point)]
    run = Run(
        45, [(18, lambda run: noted.append((run.control.state(), run.control.cause)))], settings, segments=segments
    )
    assert noted == [(sc.DISABLED, cause)]
    assert run.codes(0x7F1A, 0x7F1B) == [0x7F1A, 0x7F1B] and run.control.state() == sc.ENABLED
    first, second = run.bench.relays[0].pulses
    assert second.start_us - first.end_us >= 10 * SECOND_US


def test_heat():
    script = [
        (13, lambda run: setattr(run.bench.temperature, "level", 1010)),
        (30, lambda run: setattr(run.bench.temperature, "level", 700)),
    ]
    settings = {"causes.heat_mode": 2, "causes.heat_filter_s": 5, "causes.heat_cool_s": 10}
    run = Run(50, script, settings)
    assert run.codes(0x7F05, 0x7F1A, 0x7F06) == [0x7F05, 0x7F1A, 0x7F06] and run.control.state() == sc.ARMED


def test_load_limit_opens_arms_and_closes():
    settings = {
        "load_limit.load_limit_mode": 2,
        "load_limit.load_limit_period_s": 5,
        "load_limit.load_limit_restoration_s": 15,
    }
    segments = [(12, NOMINAL), (10, OperatingPoint(230_000, 8_000_000))]
    states = []
    run = Run(45, [(22, lambda run: states.append(run.control.state()))], settings, segments=segments)
    assert states == [sc.ARMED] and run.control.state() == sc.ENABLED and run.codes(0x8F01) == [0x8F01]


def test_back_feed_forbids_closing():
    script = [
        (12, command(door.CONTACTOR_OPEN)),
        (14, command(door.CONTACTOR_ARM)),
        (20, lambda run: setattr(run.bench.relays[0], "backfeed", True)),
        (24, command(door.CONTACTOR_CLOSE, source=door.BUTTON)),
        (26, lambda run: setattr(run.bench.relays[0], "backfeed", False)),
        (27, command(door.CONTACTOR_CLOSE, source=door.BUTTON)),
    ]
    run = Run(32, script)
    assert run.results == [0, 0, 6, 0] and run.codes(0x81C0) == [0x81C0]  # live although open: told
    assert run.bench.relays[0].closed and len(run.bench.relays[0].pulses) == 2


def test_welded_contact_and_one_that_does_not_close():
    run = Run(20, [(12, lambda run: run.bench.relays[0].weld()), (13, command(door.CONTACTOR_OPEN))])
    assert run.codes(0x81C0) == [0x81C0]


def test_load_switch():
    day = 9497
    minutes = []

    def calendar(run):
        alcs = run.meter.engines.alcs
        assert alcs.set_calendar([(1, 0x7F, 0, 1, day, day), (2, 0x7F, 0, 0, day, day)], []) == 0

    def boost(run):
        assert run.meter.engines.alcs.boost(15, run.world.clock.ticks_ms()) == 0
        minutes.append(run.meter.engines.alcs.boost_left_min)

    def note(run):
        minutes.append(int(run.bench.relays[2].closed))

    script = [
        (12, calendar),
        (30, note),
        (90, note),
        (130, note),
        (131, command(door.LOAD_ON, 1)),
        (150, note),
        (200, note),
        (201, boost),
        (205, command(door.LOAD_OFF, 0)),
        (207, note),
        (208, lambda run: minutes.append(run.meter.engines.alcs.cancel_boost(run.world.clock.ticks_ms()))),
        (210, note),
        (211, command(door.LOAD_CALENDAR)),
        (212, lambda run: run.bench.relays[2].shock()),
    ]
    run = Run(220, script, variant="e1c1r")
    assert minutes == [0, 1, 0, 1, 0, 15, 1, 0, 0] and run.results == [0, 0, 0]
    assert run.codes(0x7F20, 0x7F21, 0x7F22) == [0x7F20, 0x7F20, 0x7F21, 0x7F20, 0x7F22, 0x7F21, 0x7F20]
    assert run.codes(0x811A) == [0x811A]


def test_scheduled_actions():
    def plan(run):
        first = 9497 * 1440
        assert (
            run.meter.engines.schedule.set([(first + 1, door.CONTACTOR_OPEN, door.WAN), (first + 2, 4, door.WAN)]) == 0
        )

    run = Run(150, [(12, plan)])
    assert run.codes(0x8F66, 0x8F67) == [0x8F66, 0x8F67] and run.control.state() == sc.DISABLED


def test_a_hang_in_mid_pulse_ends_by_the_one_shot():
    """The interpreter stands still with the coil on: the gate's one-shot ends the pulse, the watchdog the hang; the next boot
    pulses at most once and the contact is what was commanded."""
    hung = []

    def watch(run):
        relay = run.bench.relays[0]
        if relay.reset_pin.level and not hung:
            hung.append(run.world.clock.now_us)
            run.world.pass_time(run.world.watchdog_timeout_us)
            raise McuReset(1)

    script = [(12, command(door.CONTACTOR_OPEN))]
    run = Run(45, script, each=watch)
    relay = run.bench.relays[0]
    assert hung and not relay.damage and not relay.closed
    assert all(pulse.end_us - pulse.start_us <= 250_000 for pulse in relay.pulses) and len(relay.pulses) <= 2
    assert run.codes(0x81B3) == [0x81B3]


@pytest.mark.parametrize("variant", ["e1c2r", "e2c2"])
def test_the_second_contactor_has_a_machine_of_its_own(variant):
    states = []
    script = [
        (12, command(door.SECOND_OPEN, source=door.WAN)),
        (14, lambda run: states.append([control.state() for control in run.meter.engines.controls])),
        (15, command(door.SECOND_CLOSE, source=door.WAN)),
        (26, command(door.SECOND_CLOSE, source=door.BUTTON)),
    ]
    run = Run(30, script, variant=variant)
    assert run.results == [0, door.ARMED, 0] and states == [[sc.ENABLED, sc.DISABLED]]
    assert [relay.closed for relay in run.bench.relays[:2]] == [True, True] and run.bench.relays[0].pulses == []

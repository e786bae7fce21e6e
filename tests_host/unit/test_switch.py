# SPDX-License-Identifier: MIT
"""A switch on a made-up relay that obeys the Relay port: what is stored, what a boot does, what is reported.

Rules: issue of the contactor (position never changed by boot or update, at most one pulse to finish an interrupted
command), GBCS codes 81BD connect failure, 81C0 disconnect failure.
"""

from app import ticks
from app.supply import switch as sw
from fakes_hw import FakePin, without_heap

START = (1 << 30) - 5000


class Relay:
    """Moves `delay` polls after a start. follows: False for a welded or stuck one. starts: [(closed, tries)]."""

    def __init__(self, position):
        self.at = position
        self.fault = 0
        self.follows = True
        self.refuses = 0
        self.starts = []
        self.idles = 0
        self.delay = 3
        self.left = 0
        self.wanted = 0

    def position(self):
        return self.at

    def refusal(self, closed, now_ms):
        return self.refuses

    def start(self, closed, now_ms, tries=3):
        if self.refuses:
            return self.refuses
        self.starts.append((closed, tries))
        self.wanted = 1 if closed else 0
        self.left = self.delay
        self.fault = 0
        return 0

    def poll(self, now_ms):
        if self.left:
            self.left -= 1
            if self.left:
                return True
            if self.follows:
                self.at = self.wanted
            else:
                self.fault = 2
        return False

    def idle(self):
        self.idles += 1
        self.left = 0
        self.fault = 4


class Bench:
    """Passes of 100 ms; the state byte is written and acknowledged as a store would, unless store is False."""

    def __init__(self, relay, stored=0, needs_arming=True):
        self.relay = relay
        self.switch = sw.Switch(relay, needs_arming)
        self.memory = bytearray([stored])
        self.now = START
        self.good = True
        self.store = True
        self.events = []
        self.switch.unpack(self.memory, 0)

    def run(self, ms):
        for _ in range(ms // 100):
            self.switch.poll(self.now, self.good)
            event = self.switch.take_event()
            if event:
                self.events.append(event)
            if self.switch.dirty and self.store:
                self.switch.pack_into(self.memory, 0)
                self.switch.saved()
            self.now = ticks.add(self.now, 100)

    def command(self, closed):
        return self.switch.command(closed, self.now, 0)


def stored(commanded, pending=0, armed=0):
    """State byte by its definition: bit 0 commanded, bits 1-2 pending, bit 3 armed, bit 7 written."""
    return 0x80 | commanded | pending << 1 | armed << 3


def test_a_factory_new_switch_takes_over_what_it_finds():
    for blank in (0x00, 0xFF):
        for position in (0, 1):
            bench = Bench(Relay(position), blank)
            bench.run(20_000)
            assert bench.switch.commanded == position and bench.relay.starts == [] and bench.events == []
            assert bench.memory[0] == stored(position)


def test_a_boot_never_pulses_whatever_is_stored():
    for commanded in (0, 1):
        for position in (0, 1, 2):
            bench = Bench(Relay(position), stored(commanded))
            bench.run(60_000)
            assert bench.relay.starts == []
            expected = {(0, 1): [0x81C0], (1, 0): [0x81BD]}.get((commanded, position), [])
            assert bench.events == expected, (commanded, position)


def test_an_interrupted_command_is_finished_by_one_pulse():
    bench = Bench(Relay(1), stored(0, pending=1))
    bench.run(9_900)
    assert bench.relay.starts == []
    bench.run(5_000)
    assert bench.relay.starts == [(False, 1)] and bench.relay.at == 0
    assert bench.memory[0] == stored(0) and bench.events == []


def test_the_boot_pulse_is_spent_once_even_if_it_kills_the_supply():
    memory = stored(0, pending=1)
    pulses = 0
    events = []
    for _ in range(25):
        bench = Bench(Relay(1), memory)
        for _ in range(200):
            bench.run(100)
            if bench.relay.starts:
                break  # the supply collapses under the coil
        pulses += len(bench.relay.starts)
        events += bench.events
        memory = bench.memory[0]
    assert pulses == 1
    assert events and set(events) == {0x81C0}


def test_an_interrupted_command_that_was_done_needs_no_pulse():
    bench = Bench(Relay(0), stored(0, pending=1))
    bench.run(20_000)
    assert bench.relay.starts == [] and bench.memory[0] == stored(0)


def test_no_boot_pulse_before_restore():
    relay = Relay(1)
    switch = sw.Switch(relay)
    now = START
    for _ in range(300):
        switch.poll(now, True)
        now = ticks.add(now, 100)
    assert relay.starts == [] and switch.command(False, now, 0) == sw.REFUSED_NOT_READY


def test_supply_must_be_good_for_ten_seconds_in_a_row():
    bench = Bench(Relay(1), stored(0, pending=1))
    for _ in range(5):
        bench.good = True
        bench.run(9_000)
        bench.good = False
        bench.run(100)
    assert bench.relay.starts == []
    bench.good = True
    bench.run(11_000)
    assert bench.relay.starts == [(False, 1)]


def test_a_command_is_durable_before_the_pulse():
    bench = Bench(Relay(1), stored(1))
    bench.run(11_000)
    bench.store = False
    assert bench.command(False) == sw.ACCEPTED and bench.switch.dirty
    bench.run(5_000)
    assert bench.relay.starts == []
    bench.store = True
    bench.run(100)
    assert bench.memory[0] == stored(0, pending=1)
    bench.run(2_000)
    assert bench.relay.starts == [(False, 3)] and bench.memory[0] == stored(0)


def test_opening_waits_where_closing_is_refused():
    bench = Bench(Relay(1), stored(1))
    assert bench.command(False) == sw.ACCEPTED  # just booted
    bench.run(5_000)
    assert bench.relay.starts == []
    bench.run(7_000)
    assert bench.relay.starts == [(False, 3)]
    bench.switch.arm()
    bench.relay.refuses = 2
    assert bench.command(True) == sw.REFUSED_TOO_SOON
    bench.relay.refuses = 0
    assert bench.command(True) == sw.ACCEPTED
    bench.run(1_000)
    bench.relay.refuses = 2
    assert bench.command(False) == sw.ACCEPTED
    bench.run(3_000)
    assert bench.relay.at == 1
    bench.relay.refuses = 0
    bench.run(1_000)
    assert bench.relay.at == 0


def test_closing_needs_arming_and_arming_is_used_up():
    bench = Bench(Relay(0), stored(0))
    bench.run(11_000)
    assert bench.command(True) == sw.REFUSED_NOT_ARMED
    assert bench.switch.arm() == sw.ACCEPTED and bench.switch.arm() == sw.ALREADY
    bench.run(100)
    assert bench.memory[0] == stored(0, armed=1)
    assert bench.command(True) == sw.ACCEPTED
    bench.run(1_000)
    assert bench.relay.at == 1 and bench.memory[0] == stored(1)


def test_the_auxiliary_relay_needs_no_arming():
    bench = Bench(Relay(0), stored(0), needs_arming=False)
    bench.run(11_000)
    assert bench.command(True) == sw.ACCEPTED


def test_closing_is_refused_on_back_feed_and_without_feedback():
    bench = Bench(Relay(0), stored(0, armed=1))
    bench.run(11_000)
    for level in (1, 2):  # live, and not known
        bench.switch.live = lambda level=level: level
        assert bench.command(True) == sw.REFUSED_LIVE
    bench.relay.at = 2
    assert bench.command(True) == sw.REFUSED_NO_FEEDBACK
    assert bench.command(False) == sw.ACCEPTED


def test_back_feed_that_comes_before_the_pulse_gives_the_closing_up():
    bench = Bench(Relay(0), stored(0, armed=1))
    live = FakePin(0)
    bench.switch.live = live
    bench.run(11_000)
    assert bench.command(True) == sw.ACCEPTED
    live.level = 1  # before it is durable
    bench.run(20_000)
    assert bench.relay.starts == [] and bench.events[0] == 0x81BD and bench.switch.commanded == 0
    live.level = 0
    bench.run(20_000)
    assert bench.relay.starts == []  # it does not wait for its moment


def test_load_side_that_is_not_as_the_contact_is_told_once():
    for at, level, code in ((0, 1, 0x81C0), (1, 0, 0x81BD)):
        bench = Bench(Relay(at), stored(at))
        live = FakePin(at)
        bench.switch.live = live
        bench.run(12_000)
        assert bench.events == [] and bench.switch.quiet
        live.level = level
        bench.run(900)
        assert bench.events == []
        bench.run(5000)
        assert bench.events == [code] and bench.switch.disagrees
        live.level = 2  # not known: nothing to tell
        bench.run(5000)
        live.level = at
        bench.run(5000)
        assert bench.events == [code] and not bench.switch.disagrees


def test_failures_are_reported_once():
    bench = Bench(Relay(1), stored(1))
    bench.run(11_000)
    bench.relay.follows = False
    bench.command(False)
    bench.run(60_000)
    assert bench.events == [0x81C0] and bench.switch.disagrees
    bench = Bench(Relay(0), stored(0, armed=1))
    bench.run(11_000)
    bench.relay.follows = False
    bench.command(True)
    bench.run(60_000)
    assert bench.events == [0x81BD]


def test_a_shock_is_reported_and_not_undone():
    bench = Bench(Relay(1), stored(1))
    bench.run(11_000)
    bench.relay.at = 0
    bench.run(900)
    assert bench.events == []
    bench.run(60_000)
    assert bench.events == [0x81BD] and bench.relay.starts == []
    bench.relay.at = 1
    bench.run(2_000)
    assert not bench.switch.disagrees
    bench.relay.at = 0
    bench.run(2_000)
    assert bench.events == [0x81BD, 0x81BD]


def test_a_newer_command_overtakes_a_running_one():
    bench = Bench(Relay(0), stored(0, armed=1))
    bench.run(11_000)
    bench.relay.delay = 8
    assert bench.command(True) == sw.ACCEPTED
    bench.run(400)
    assert bench.switch.busy() and bench.command(False) == sw.ACCEPTED
    assert bench.command(True) == sw.REFUSED_BUSY
    bench.run(5_000)
    assert bench.relay.starts == [(True, 3), (False, 3)] and bench.relay.at == 0
    assert bench.memory[0] == stored(0) and bench.events == []


def test_power_fail_in_a_pulse_drops_the_coils_and_keeps_the_command():
    bench = Bench(Relay(1), stored(1))
    bench.run(11_000)
    bench.relay.delay = 10
    bench.command(False)
    bench.run(300)
    assert bench.relay.left
    bench.good = False
    bench.run(500)
    assert bench.relay.idles == 1 and bench.relay.left == 0 and bench.memory[0] == stored(0, pending=1)
    assert bench.events == []


def test_repeating_a_command_is_no_work():
    bench = Bench(Relay(0), stored(0))
    bench.run(11_000)
    assert bench.command(False) == sw.ALREADY
    bench.run(1_000)
    assert bench.relay.starts == []


def test_allocates_nothing():
    bench = Bench(Relay(1), stored(1))
    bench.run(11_000)
    switch = bench.switch
    memory = bench.memory

    def steady(now):
        for _ in range(20):
            switch.poll(now, True)
            switch.take_event()
            switch.pack_into(memory, 0)
            now = ticks.add(now, 100)
        return switch.commanded

    assert without_heap(steady, bench.now) == 1

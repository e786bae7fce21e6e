# SPDX-License-Identifier: MIT
"""Three switches and their cold record: stored before a coil moves, restored without one, all off when told to stop.

Codes: 81BD supply connect failure, 81C0 disconnect failure; extra 0 K1, 1 K2; 811A for K3, extra its position.
Record: docs/SPEC.md, "Contactor state".
"""

from app import ticks
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.supply import switch as sw
from app.supply.door import METER
from app.supply.supply import Supply
from app.supply.switch import Switch
from fakes_hw import without_heap
from fakes_meter import START, Log
from fakes_store import FakeBytes


class Relay:
    """Moves three polls after a start; notes whether its state was durable by then. stuck: does not move."""

    def __init__(self, position, stored):
        self.at = position
        self.stored = stored
        self.fault = 0
        self.stuck = False
        self.left = 0
        self.wanted = 0
        self.starts = []
        self.idles = 0
        self.raises = None

    def position(self):
        return self.at

    def refusal(self, closed, now_ms):
        return 0

    def start(self, closed, now_ms, tries=3):
        self.starts.append((1 if closed else 0, self.stored()))
        self.wanted = 1 if closed else 0
        self.left = 3
        self.fault = 0
        return 0

    def poll(self, now_ms):
        if self.raises is not None:
            raise self.raises
        if self.left:
            self.left -= 1
            if self.left:
                return True
            if self.stuck:
                self.fault = 2
            else:
                self.at = self.wanted
        return False

    def idle(self):
        self.idles += 1
        self.left = 0
        if self.raises is not None:
            raise self.raises


class Bench:
    """One life: two contactors and an auxiliary relay, or without the second one."""

    def __init__(self, memory=None, positions=(1, 1, 0), second=True):
        self.memory = memory or FakeBytes()
        self.cold = ColdStore(self.memory, layout.COLD_BASE, Crc32())
        self.relays = [Relay(at, self.stored) for at in positions]
        self.switches = [Switch(relay, i != 2) for i, relay in enumerate(self.relays)]
        if not second:
            self.switches[1] = None
        self.log = Log()
        self.good = 1
        self.it = Supply(self.switches, self.cold, self.log, self.power_good)
        self.it.restore()
        self.now = START

    def power_good(self):
        return self.good

    def stored(self):
        buf = bytearray(4)
        return bytes(buf) if ColdStore(self.memory, layout.COLD_BASE, Crc32()).load_into(layout.CONTACTOR, buf) else b""

    def run(self, ms):
        for _ in range(ms // 50):
            self.now = ticks.add(self.now, 50)
            self.it.poll(self.now, False)

    def pulses(self):
        return sum(len(relay.starts) for relay in self.relays)


def settled(**how):
    """Ten seconds of good supply, the positions taken over and stored."""
    bench = Bench(**how)
    bench.run(10_500)
    return bench


def test_first_life_takes_over_what_it_finds_and_moves_nothing():
    b = settled()
    # Version 1, then a byte a switch: written, commanded as found (bit 0).
    assert b.stored() == b"\x01\x81\x81\x80"
    assert b.pulses() == 0 and not b.it.busy and b.log.events == []


def test_switch_that_is_not_fitted_has_a_zero():
    assert settled(second=False).stored() == b"\x01\x81\x00\x80"


def test_command_is_durable_before_the_coil_moves():
    b = settled()
    assert b.switches[0].command(False, b.now, METER) == sw.ACCEPTED
    b.run(1000)
    ((closed, stored),) = b.relays[0].starts
    assert closed == 0 and stored[1] == 0x82  # open commanded, pending
    assert b.stored() == b"\x01\x80\x81\x80" and b.relays[0].at == 0
    assert not b.it.busy and b.log.events == []


def test_no_pulse_while_the_store_fails():
    b = settled()
    b.memory.failing = True
    b.switches[0].command(False, b.now, METER)
    b.run(5000)
    assert b.pulses() == 0 and b.it.busy
    b.memory.failing = False
    b.run(1000)
    assert b.pulses() == 1 and b.relays[0].at == 0 and not b.it.busy


def test_busy_while_a_coil_is_under_way():
    b = settled()
    b.switches[2].command(True, b.now, METER)
    busy = []
    for _ in range(10):
        b.run(50)
        busy.append(b.it.busy)
    assert busy[0] and not busy[-1]
    assert b.relays[2].at == 1


def test_contact_that_does_not_follow_is_told_with_its_number():
    for closed, index, code in ((False, 0, 0x81C0), (False, 1, 0x81C0), (True, 2, 0x811A)):
        b = settled()
        b.relays[index].stuck = True
        b.switches[index].command(closed, b.now, METER)
        b.run(2000)
        assert b.log.events == [(code, index if index < 2 else b.relays[2].at)]


def test_boot_restores_commands_and_moves_nothing():
    b = settled()
    b.switches[0].command(False, b.now, METER)
    b.run(1000)
    again = Bench(b.memory, (0, 1, 0))
    assert [switch.commanded for switch in again.switches] == [0, 1, 0]
    again.run(20_000)
    assert again.pulses() == 0 and again.log.events == []


def test_interrupted_command_is_finished_once_after_ten_seconds():
    b = settled()
    b.switches[0].command(False, b.now, METER)
    b.it.poll(b.now, False)  # stored, then the power goes
    again = Bench(b.memory, (1, 1, 0))
    again.run(9900)
    assert again.pulses() == 0
    again.run(5000)
    assert [start[0] for start in again.relays[0].starts] == [0] and again.relays[0].at == 0
    assert again.stored() == b"\x01\x80\x81\x80"


def test_record_of_another_version_is_no_state():
    b = Bench()
    b.cold.save(layout.CONTACTOR, b"\x02\x80\x80\x81")
    again = settled(memory=b.memory)
    assert again.pulses() == 0 and again.stored() == b"\x01\x81\x81\x80"


def test_failing_supply_takes_the_current_off():
    b = settled()
    b.switches[0].command(False, b.now, METER)
    while not b.relays[0].starts:
        b.run(50)
    b.good = 0
    b.run(50)
    assert b.relays[0].idles == 1 and not b.switches[0]._busy
    b.good = 1
    b.run(9500)
    assert len(b.relays[0].starts) == 1  # the supply has to prove itself again
    b.run(1500)
    assert len(b.relays[0].starts) == 2 and b.relays[0].at == 0


def test_stop_takes_every_coil_off_even_if_one_will_not():
    b = settled()
    b.relays[0].raises = ValueError("coil")
    b.it.stop()
    assert [relay.idles for relay in b.relays] == [1, 1, 1] and not b.it.busy
    settled(second=False).it.stop()


def test_polling_allocates_nothing():
    b = settled()
    now = ticks.add(b.now, 50)

    def poll(now):
        b.it.poll(now, False)
        return b.it.busy

    assert without_heap(poll, now) is False

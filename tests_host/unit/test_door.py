# SPDX-License-Identifier: MIT
"""The command door: who may do what, that a remote close only arms, and that everything is logged.

Codes: GBCS 8154/8155, 8161/8162, 8F30, 8F32, 8145, 8F0C. The table of rights below is written out anew, not read from
the code.
"""

from app import clock as ck
from app.supply import door as dr
from app.supply import switch as sw
from fakes_hw import without_heap

ALL = (dr.BUTTON, dr.OPTICAL, dr.WAN, dr.HAN, dr.TOKEN, dr.SERVICE, dr.METER)
REMOTE = (dr.OPTICAL, dr.WAN, dr.HAN, dr.TOKEN, dr.SERVICE)
MAY = {
    dr.CONTACTOR_OPEN: (dr.OPTICAL, dr.WAN, dr.SERVICE, dr.METER),
    dr.CONTACTOR_ARM: (dr.OPTICAL, dr.WAN, dr.HAN, dr.TOKEN, dr.SERVICE, dr.METER),
    dr.CONTACTOR_CLOSE: ALL,
    dr.SECOND_OPEN: (dr.OPTICAL, dr.WAN, dr.SERVICE, dr.METER),
    dr.SECOND_ARM: (dr.OPTICAL, dr.WAN, dr.HAN, dr.TOKEN, dr.SERVICE, dr.METER),
    dr.SECOND_CLOSE: ALL,
    dr.AUX_OPEN: (dr.BUTTON, dr.OPTICAL, dr.WAN, dr.HAN, dr.SERVICE, dr.METER),
    dr.AUX_CLOSE: (dr.BUTTON, dr.OPTICAL, dr.WAN, dr.HAN, dr.SERVICE, dr.METER),
    dr.SET_CLOCK: (dr.OPTICAL, dr.WAN, dr.HAN, dr.SERVICE),
    dr.PRESET_REGISTERS: (dr.SERVICE,),
}


class FakeSwitch:
    def __init__(self):
        self.calls = []
        self.answer = sw.ACCEPTED
        self.armed = 0

    def arm(self):
        self.calls.append("arm")
        return self.answer

    def command(self, closed, now_ms, source):
        self.calls.append("close" if closed else "open")
        return self.answer


class House:
    def __init__(self):
        self.log = []
        self.presets = []
        self.preset_answer = 0
        self.contactor = FakeSwitch()
        self.second = FakeSwitch()
        self.auxiliary = FakeSwitch()
        self.clock = ck.Clock(0)
        self.clock.set(1000, 40_000)
        self.door = dr.Door(self.contactor, self.second, self.auxiliary, self.clock, preset=self.preset, log=self.note)

    def preset(self, argument):
        self.presets.append(argument)
        return self.preset_answer

    def note(self, code, extra):
        self.log.append((code, extra))


def test_rights():
    for code, sources in MAY.items():
        for source in ALL:
            house = House()
            result = house.door.submit(source, code, [1000, 40_001], 0)
            allowed = source in sources
            assert (result == dr.REFUSED_NO_RIGHT) == (not allowed), (code, source)
            assert house.log, "not logged"
            if not allowed:
                assert house.log == [(0x8F30, source << 12 | dr.REFUSED_NO_RIGHT << 8 | code)]
                calls = house.contactor.calls + house.second.calls + house.auxiliary.calls + house.presets
                assert calls == [] and house.clock.second == 40_000


def test_a_remote_close_only_arms():
    for source in REMOTE:
        house = House()
        assert house.door.submit(source, dr.CONTACTOR_CLOSE, None, 0) == dr.ARMED
        assert house.contactor.calls == ["arm"]
        assert house.log == [(0x8F32, source << 12 | 3), (0x8154, source << 12 | 8 << 8 | 3)]
        assert house.door.submit(source, dr.SECOND_CLOSE, None, 0) == dr.ARMED
        assert house.second.calls == ["arm"]


def test_a_person_closes():
    house = House()
    assert house.door.submit(dr.BUTTON, dr.CONTACTOR_CLOSE, None, 0) == sw.ACCEPTED
    assert house.contactor.calls == ["close"] and house.log == [(0x8161, 3)]
    house.contactor.answer = sw.REFUSED_NOT_ARMED
    assert house.door.submit(dr.BUTTON, dr.CONTACTOR_CLOSE, None, 0) == sw.REFUSED_NOT_ARMED
    assert house.log[-1] == (0x8162, 7 << 8 | 3)


def test_each_command_reaches_its_switch():
    house = House()
    for code in (dr.CONTACTOR_OPEN, dr.CONTACTOR_ARM):
        house.door.submit(dr.WAN, code, None, 0)
    for code in (dr.SECOND_OPEN, dr.SECOND_ARM):
        house.door.submit(dr.WAN, code, None, 0)
    for code in (dr.AUX_OPEN, dr.AUX_CLOSE):
        house.door.submit(dr.WAN, code, None, 0)
    assert house.contactor.calls == ["open", "arm"]
    assert house.second.calls == ["open", "arm"]
    assert house.auxiliary.calls == ["open", "close"]


def test_a_variant_without_the_switch():
    house = House()
    house.door = dr.Door(house.contactor, None, None, house.clock, preset=house.preset, log=house.note)
    for code in (dr.SECOND_OPEN, dr.SECOND_ARM, dr.SECOND_CLOSE, dr.AUX_OPEN, dr.AUX_CLOSE):
        assert house.door.submit(dr.WAN, code, None, 0) == dr.REFUSED_NOT_FITTED
    assert [code for code, _ in house.log] == [0x8155] * 5


def test_unknown_commands_and_sources():
    house = House()
    for code in (0, 17, 255, -1):
        assert house.door.submit(dr.SERVICE, code, None, 0) == dr.REFUSED_UNKNOWN
    assert house.door.submit(7, dr.CONTACTOR_OPEN, None, 0) == dr.REFUSED_NO_RIGHT
    assert len(house.log) == 5 and house.contactor.calls == []


def test_set_clock():
    house = House()
    assert house.door.submit(dr.WAN, dr.SET_CLOCK, [1000, 40_007], 0) == sw.ACCEPTED
    assert house.clock.second == 40_007 and [code for code, _ in house.log] == [0x8145, 0x8154]
    assert house.door.submit(dr.WAN, dr.SET_CLOCK, [1000, 41_000], 0) == dr.REFUSED_OUTSIDE_TOLERANCE
    assert house.clock.second == 40_007 and [code for code, _ in house.log][2:] == [0x8F0C, 0x8155]
    assert house.door.submit(dr.SERVICE, dr.SET_CLOCK, [9000, 5], 0) == sw.ACCEPTED  # commissioning
    assert house.clock.day == 9000
    assert house.door.submit(dr.SERVICE, dr.SET_CLOCK, [9000, 5], 0) == sw.ALREADY
    for argument in ([-1, 0], [73_049, 0], [0, -1], [0, 86_400]):
        assert house.door.submit(dr.SERVICE, dr.SET_CLOCK, argument, 0) == dr.REFUSED_ARGUMENT


def test_preset_registers():
    house = House()
    assert house.door.submit(dr.SERVICE, dr.PRESET_REGISTERS, "record", 0) == sw.ACCEPTED
    assert house.presets == ["record"]
    house.preset_answer = 1
    assert house.door.submit(dr.SERVICE, dr.PRESET_REGISTERS, "bad", 0) == dr.REFUSED_ARGUMENT
    assert [code for code, _ in house.log] == [0x8154, 0x8155]


def test_extra_fits_sixteen_bits():
    house = House()
    for source in ALL:
        for code in range(0, 300, 7):
            house.door.submit(source, code, [1000, 40_000], 0)
    for _, extra in house.log:
        assert 0 <= extra < 1 << 16


def _ignore(code, extra):
    return None


def test_allocates_nothing():
    class Quiet:
        def arm(self):
            return sw.ACCEPTED

        def command(self, closed, now_ms, source):
            return sw.ACCEPTED

    clock = ck.Clock(0)
    clock.set(1000, 100)
    door = dr.Door(Quiet(), Quiet(), Quiet(), clock, preset=_ignore, log=_ignore)
    moment = [1000, 105]

    def steady(source):
        for code in range(1, 10):
            door.submit(source, code, moment, 0)
        return clock.second

    assert without_heap(steady, dr.WAN) == 105


def test_the_configuration_is_the_business_of_supplier_and_service():
    house = House()
    found = []
    answers = [0, 1, 2]

    def configure(argument):
        found.append(argument)
        return answers.pop(0)

    door = dr.Door(None, None, None, house.clock, preset=house.preset, log=house.note, configure=configure)
    for source in (dr.BUTTON, dr.OPTICAL, dr.HAN, dr.TOKEN, dr.METER):
        assert door.submit(source, dr.SET_CONFIGURATION, b"x", 0) == dr.REFUSED_NO_RIGHT
    assert found == []
    assert door.submit(dr.WAN, dr.SET_CONFIGURATION, b"a", 0) == sw.ACCEPTED
    assert door.submit(dr.SERVICE, dr.SET_CONFIGURATION, b"b", 0) == sw.REFUSED_BUSY
    assert door.submit(dr.SERVICE, dr.SET_CONFIGURATION, b"c", 0) == dr.REFUSED_ARGUMENT
    assert found == [b"a", b"b", b"c"] and [code for code, _ in house.log][5:] == [0x8154, 0x8155, 0x8155]
    assert house.door.submit(dr.SERVICE, dr.SET_CONFIGURATION, b"d", 0) == dr.REFUSED_NOT_FITTED

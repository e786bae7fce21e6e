# SPDX-License-Identifier: MIT
"""The stored configuration: bytes by hand (docs/SPEC.md, "Configuration"), changed whole or not, logged, never just lost."""

from struct import pack

from app.configuration import record as r
from app.configuration.configuration import Configuration
from app.configuration.group import TOGETHER, Group
from app.records import codes
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.store.tables import Tables
from fakes_store import FakeBlocks, FakeBytes

CRC = Crc32()
ONE = """one
limit_mv 0 300000 253000
period_s 0 3600 30
offset_s -10 10 -1
"""
TWO = """two
mode 0 2 1
"""
NEW = "new 0 9 7\n"


def ordered(group):
    return group.limit_mv > group.period_s


class FakeSettings:
    def __init__(self, fields=ONE, more=()):
        self.one = Group(fields, ordered)
        self.two = Group(TWO)
        self.groups = (self.one, self.two) + more


class FakeLog:
    def __init__(self):
        self.events = []

    def append_now(self, code, extra):
        self.events.append((code, extra))
        return True


class Rig:
    """Boots of one meter; `told` are the events of the present life."""

    def __init__(self, with_tables=True):
        self.fram = FakeBytes()
        self.flash = FakeBlocks(2 * layout.TABLE_COUNT) if with_tables else None
        self.boot()

    def boot(self, settings=None):
        self.settings = settings if settings is not None else FakeSettings()
        self.cold = ColdStore(self.fram, layout.COLD_BASE, CRC)
        self.tables = None
        if self.flash is not None:
            self.tables = Tables(self.flash, 0, layout.TABLE_COUNT, CRC)
        self.configuration = Configuration(self.settings, self.cold, self.tables, CRC)
        self.log = FakeLog()
        self.told = self.log.events
        self.reconfigurations = 0
        self.wakes = 0
        self.flagged = False
        self.loaded = self.configuration.load()
        self.configuration.connect(self, self.log, self)
        return self

    def run(self, polls=300):
        for n in range(polls):
            self.configuration.poll(0, n % 3 == 0)
        return self

    def reconfigured(self):
        self.reconfigurations += 1

    def wake(self):
        self.wakes += 1

    def values(self):
        one, two = self.settings.one, self.settings.two
        return one.limit_mv, one.period_s, one.offset_s, two.mode


FACTORY = (253_000, 30, -1, 1)


def sealed(body):
    buf = bytearray(body) + bytearray(4)
    CRC.seal(buf, len(body))
    return bytes(buf)


def framed(groups, version=1, count=None):
    """groups: [(number, [values])]"""
    body = b""
    for number, values in groups:
        body += bytes([number, len(values)])
        for value in values:
            body += pack("<i", value)
    return sealed(pack("<BBH", version, len(groups) if count is None else count, 4 + len(body) + 4) + body)


def test_bytes_by_hand():
    settings = FakeSettings()
    whole = bytes(r.pack(settings.groups, CRC))
    assert whole[:-4] == (
        b"\x01\x02\x1c\x00"  # version, two groups, 28 bytes
        b"\x00\x03\x48\xdc\x03\x00\x1e\x00\x00\x00\xff\xff\xff\xff"  # 253000 = 0x3dc48
        b"\x01\x01\x01\x00\x00\x00"
    )
    assert whole == framed([(0, [253_000, 30, -1]), (1, [1])])
    settings.one.period_s = 31
    assert bytes(r.pack(settings.groups, CRC, False)) == framed([(0, [253_000, 31])]), (
        "up to the last that is no default"
    )
    settings.one.reset()
    assert bytes(r.pack(settings.groups, CRC, False)) == framed([])


def test_a_change_is_stored_taken_over_and_logged():
    for with_tables in (True, False):
        rig = Rig(with_tables).run()
        assert rig.loaded and rig.told == [] and rig.values() == FACTORY and not rig.configuration.restless
        change = framed([(0, [240_000, 60])])
        assert rig.configuration.change(change) == 0
        assert rig.values() == FACTORY and rig.wakes == 1 and rig.configuration.restless, "not before it is stored"
        assert rig.configuration.change(change) == r.BUSY << 16
        rig.run()
        assert rig.values() == (240_000, 60, -1, 1) and rig.reconfigurations == 1
        assert rig.told == [(codes.CONFIG_CHANGED, 0)] and not rig.configuration.restless
        rig.boot().run()
        assert rig.values() == (240_000, 60, -1, 1) and rig.told == [], "logged before"
        assert rig.configuration.change(framed([(0, [250_000]), (1, [2])])) == 0, "what is not in it stays"
        rig.run()
        assert rig.values() == (250_000, 60, -1, 2)
        assert rig.told == [(codes.CONFIG_CHANGED, 0), (codes.CONFIG_CHANGED, 1)]
        assert rig.configuration.change(framed([(1, [2])])) == 0 and not rig.configuration.restless, "nothing differs"
        assert rig.run().told == [(codes.CONFIG_CHANGED, 0), (codes.CONFIG_CHANGED, 1)]


def test_what_is_wrong_is_refused_whole_with_its_reason():
    rig = Rig().run()
    good = framed([(0, [240_000, 60, 2]), (1, [2])])
    wrong = [
        (b"", r.LENGTH << 16),
        (good[:-1], r.LENGTH << 16),
        (good + b"\x00", r.LENGTH << 16),
        (None, r.LENGTH << 16),
        (good[:8] + b"\x99" + good[9:], r.CHECKSUM << 16),
        (framed([(0, [240_000])], version=2), r.UNKNOWN_VERSION << 16),
        (framed([(0, [240_000])], count=2), r.LENGTH << 16),
        (framed([(0, [240_000]), (1, [2])], count=1), r.LENGTH << 16),
        (framed([(2, [1])]), r.UNKNOWN_GROUP << 16 | 2 << 8),
        (framed([(1, [2]), (0, [240_000])]), r.UNKNOWN_GROUP << 16),
        (framed([(1, [2]), (1, [2])]), r.UNKNOWN_GROUP << 16 | 1 << 8),
        (framed([(1, [2, 0])]), r.UNKNOWN_FIELD << 16 | 1 << 8 | 1),
        (framed([(0, [240_000, 3601])]), r.VALUE << 16 | 1),
        (framed([(0, [240_000, 60]), (1, [-1])]), r.VALUE << 16 | 1 << 8),
        (framed([(0, [20, 30])]), r.VALUE << 16 | TOGETHER),
        (framed([(0, [-(1 << 31)])]), r.VALUE << 16),
        (sealed(pack("<BBHBB", 1, 1, 10, 0, 200)), r.LENGTH << 16),
    ]
    before = bytes(rig.flash.data), bytes(rig.fram.data)
    for argument, verdict in wrong:
        assert rig.configuration.change(argument) == verdict == rig.configuration.verdict, argument
        assert rig.configuration.submit(argument) == 2
        assert rig.run(10).values() == FACTORY and rig.told == [] and not rig.configuration.restless
    assert (bytes(rig.flash.data), bytes(rig.fram.data)) == before
    assert rig.configuration.submit(good) == 0 and rig.configuration.submit(good) == 1


def test_an_older_record_and_a_newer_one_are_read_as_far_as_they_are_known():
    rig = Rig().run()
    rig.configuration.change(framed([(0, [240_000, 60, 2]), (1, [2])]))
    rig.run()
    grown = FakeSettings(ONE + NEW, (Group(TWO),))
    rig.boot(grown).run()
    assert rig.values() == (240_000, 60, 2, 2) and grown.one.new == 7 and grown.groups[2].mode == 1
    assert rig.configuration.change(framed([(0, [240_000, 60, 2, 3]), (2, [0])])) == 0
    rig.run()
    rig.boot().run()
    assert rig.values() == (240_000, 60, 2, 2) and not rig.configuration.lost and not rig.flagged
    rig.boot(FakeSettings(ONE + NEW)).run()
    assert rig.settings.one.new == 3


def test_damage_means_the_factory_a_flag_and_an_event():
    for with_tables in (True, False):
        rig = Rig(with_tables).run()
        rig.configuration.change(framed([(1, [2])]))
        rig.run()
        if with_tables:
            start = 2 * (layout.TABLE_CONFIG - 1) * 4096
            for at in (start, start + 4096):
                rig.flash.data[at + 5] ^= 1
        else:
            for copy in (0, 1):
                rig.fram.data[layout.COLD_BASE + layout.CONFIG * 512 + copy * 256 + 12] ^= 1
        rig.boot().run()
        assert rig.values() == FACTORY and rig.flagged and rig.configuration.lost
        assert rig.told == [(codes.INTEGRITY_ISSUE, codes.SUB_CONFIG_LOST)]
        assert rig.configuration.change(framed([(1, [0])])) == 0
        assert rig.run().values() == (253_000, 30, -1, 0) and not rig.configuration.lost
        rig.boot().run()
        assert rig.values() == (253_000, 30, -1, 0) and not rig.flagged and rig.told == []


def test_a_table_that_is_gone_is_missed():
    rig = Rig().run()
    rig.configuration.change(framed([(1, [2])]))
    rig.run()
    rig.flash = FakeBlocks(2 * layout.TABLE_COUNT)  # another part
    rig.boot().run()
    assert rig.values() == FACTORY and rig.flagged
    assert rig.told == [(codes.INTEGRITY_ISSUE, codes.SUB_CONFIG_LOST)]
    rig.flash = None  # none at all
    rig.boot().run()
    assert rig.flagged and rig.told == [(codes.INTEGRITY_ISSUE, codes.SUB_CONFIG_LOST)]


def test_values_that_a_later_firmware_does_not_allow_are_not_taken():
    rig = Rig().run()
    rig.configuration.change(framed([(0, [1000, 60])]))
    rig.run()
    narrow = FakeSettings(ONE.replace("limit_mv 0", "limit_mv 2000"))
    rig.boot(narrow).run()
    assert rig.values() == FACTORY and rig.flagged and rig.told[0] == (codes.INTEGRITY_ISSUE, codes.SUB_CONFIG_LOST)


def test_a_store_that_is_silent_at_boot_is_asked_again():
    for with_tables in (True, False):
        rig = Rig(with_tables).run()
        rig.configuration.change(framed([(1, [2])]))
        rig.run()
        part = rig.flash if with_tables else rig.fram
        part.failing = True
        if with_tables:
            rig.flash.read_into = failing
        rig.boot()
        assert not rig.loaded and rig.values() == FACTORY
        assert rig.configuration.change(framed([(1, [0])])) == r.BUSY << 16
        rig.configuration.poll(0, True)
        assert rig.values() == FACTORY and not rig.configuration.known
        part.failing = False
        if with_tables:
            del rig.flash.read_into
        rig.run()
        assert rig.values() == (253_000, 30, -1, 2) and rig.reconfigurations == 1 and rig.told == []


def test_a_store_that_stays_silent_is_a_loss():
    rig = Rig(False).run()
    rig.fram.failing = True
    rig.boot().run()
    assert rig.configuration.known and rig.configuration.lost and rig.flagged
    assert rig.told == [(codes.INTEGRITY_ISSUE, codes.SUB_CONFIG_LOST)]


def failing(address, buf):
    raise OSError(1)


def test_what_no_cold_record_holds_is_refused_on_a_board_without_blocks():
    fields = "many\n" + "".join(["value_%d 0 9 0\n" % k for k in range(60)])
    settings = FakeSettings(ONE, (Group(fields),))
    rig = Rig(False)
    rig.boot(settings).run()
    assert rig.configuration.change(framed([(2, [0] * 50 + [1])])) == 0
    rig.run()
    assert settings.groups[2].value_50 == 1
    assert rig.configuration.change(framed([(2, [0] * 59 + [1])])) == r.NO_STORE << 16
    assert rig.run().settings.groups[2].value_59 == 0

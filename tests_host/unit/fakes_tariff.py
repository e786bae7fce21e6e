# SPDX-License-Identifier: MIT
"""Tariff sets packed byte by byte from docs/SPEC.md, and a tariff on fakes, for the tests on every interpreter."""

import struct

from app.configuration.group import Group
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from app.tariff import tariff
from app.tariff.tariff import Tariff
from fakes_store import FakeBytes

ANY = 0xFFFF
BASE = 0x4000
FAR = 0xFFFFFFFF


def pack_calendar(kind, seasons, weeks, profiles, specials=()):
    """seasons: (year, month, day, week). weeks: {id: [7 day ids]}. profiles: {id: [(minute, script)]}. specials: (month, day,
    year, day id), in order.
    """
    out = bytearray()
    switches = bytearray()
    heads = bytearray()
    number = 0
    for day_id in sorted(profiles):
        heads += struct.pack("<BBBB", day_id, number, len(profiles[day_id]), 0)
        for minute, script in profiles[day_id]:
            switches += struct.pack("<HB", minute, script)
            number += 1
    out += struct.pack("<8B", 1, kind, len(seasons), len(weeks), len(profiles), len(specials), number & 0xFF, 0)
    for season in seasons:
        out += struct.pack("<HBBBB", season[0], season[1], season[2], season[3], 0)
    for week in sorted(weeks):
        out += bytes([week] + list(weeks[week]))
    out += heads
    for special in specials:
        out += struct.pack("<BBHB", special[0], special[1], special[2], special[3])
    return bytes(out + switches)


def pack_set(primary, secondary=b"", prices=(), thresholds=(), name=b"test    "):
    """prices: {number: price}. thresholds: {group: (3 x Wh)}"""
    out = bytearray(448)
    n = 448 + len(primary) + len(secondary) + 4
    struct.pack_into("<BBH8sHH", out, 0, 1, 0, n, name, 448, 448 + len(primary) if secondary else 0)
    for number in prices:
        struct.pack_into("<i", out, 16 + 4 * number, prices[number])
    for group in range(8):
        for k in range(3):
            value = thresholds[group][k] if group in thresholds else FAR
            struct.pack_into("<I", out, 352 + 12 * group + 4 * k, value)
    out += primary
    out += secondary
    out += bytes(4)
    Crc32().seal(out, n - 4)
    return out


def one_script(kind, script):
    return pack_calendar(kind, [(ANY, 1, 1, 1)], {1: [1] * 7}, {1: [(0, script)]})


class FakeTables:
    """The face of app.store.tables.Tables. refusals: how many steps say "not now"; down: OSError. data: what is stored."""

    def __init__(self):
        self.data = {}
        self.refusals = 0
        self.down = False
        self.open = None

    def _not_now(self):
        if self.down:
            raise OSError(5)
        if self.refusals:
            self.refusals -= 1
            return True
        return False

    def length(self, table_id):
        self._not_now()
        return len(self.data.get(table_id, b""))

    def load_into(self, table_id, buf):
        self._not_now()
        data = self.data.get(table_id, b"")
        if len(data) > len(buf):
            return 0
        for i in range(len(data)):
            buf[i] = data[i]
        return len(data)

    def begin(self, table_id, length):
        if self._not_now():
            return False
        self.open = [table_id, length, bytearray()]
        return True

    def put(self, offset, buf):
        if offset != len(self.open[2]) or not 0 < len(buf) <= 220 or offset + len(buf) > self.open[1]:
            raise ValueError("put")
        if self._not_now():
            return False
        self.open[2].extend(buf)
        return True

    def commit(self):
        if len(self.open[2]) != self.open[1]:
            raise ValueError("commit")
        if self._not_now():
            return False
        self.data[self.open[0]] = bytes(self.open[2])
        return True


class FakeClock:
    def __init__(self, minute=None):
        self.generation = 0
        self.valid = False
        self.day = self.second = 0
        if minute is not None:
            self.set(minute)
            self.generation = 1

    def set(self, minute, second=0):
        self.valid = True
        self.day = minute // 1440
        self.second = minute % 1440 * 60 + second


class Log:
    def __init__(self):
        self.events = []

    def append_now(self, code, extra):
        self.events.append((code, extra))


class Site:
    """A tariff, what it lives on, and what stays when its supply goes. wh: totals of the two elements."""

    def __init__(self, minute=0, elements=1, wh=0):
        self.store = FakeBytes()
        self.tables = FakeTables()
        self.config = Group(tariff.FIELDS, tariff.rule)
        self.elements = elements
        self.clock = FakeClock(minute)
        self.served_wh = [[wh] + [0] * 5, [0] * 6]
        self.boot()

    def boot(self, seconds=12):
        """A reset: nothing but the stores is left."""
        self.log = Log()
        self.cold = ColdStore(self.store, BASE, Crc32())
        self.tariff = Tariff(
            self.served_wh, self.clock, self.cold, self.tables, Crc32(), self.config, self.log, self.elements
        )
        for _ in range(seconds):
            if self.tariff.ready:
                break
            self.tariff.poll(0, True)

    def at(self, minute, wh=0, second=0, second_wh=0):
        """It is this minute; so many Wh flowed since."""
        self.clock.set(minute, second)
        self.flow(wh, second_wh)

    def flow(self, wh, second_wh=0):
        self.served_wh[0][0] = (self.served_wh[0][0] + wh) % 1_000_000_000
        self.served_wh[1][0] += second_wh
        self.tariff.poll(0, True)

    def passes(self, count=60):
        for _ in range(count):
            self.tariff.poll(0, False)

    def install(self, blob, activation=0):
        verdict = self.tariff.sets.install(blob, activation)
        assert verdict == 0, verdict
        self.passes()
        self.tariff.poll(0, True)
        self.passes()
        self.tariff.poll(0, True)

    def sums(self):
        t = self.tariff
        wh = t.primary.ledger.base
        for i in range(48):
            wh += t.tou_wh(i)
        for b in range(4):
            for g in range(8):
                wh += t.block_wh(b, g)
        return wh % 1_000_000_000

    def check(self):
        """The sum of all registers and the base is the total."""
        assert self.sums() == self.served_wh[0][0]

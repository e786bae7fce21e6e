# SPDX-License-Identifier: MIT
"""What a meter has stored, read from its memories by the firmware's own readers, without touching the meter or its buses.

It is what a reader of the meter may see (whole Wh, as persisted), and what is left if the power goes at this instant.
"""

from app.metrology.registers import Registers
from app.records import codes
from app.records.event_log import PAYLOAD
from app.records.event_logs import EventLogs
from app.records.merged import merged
from app.store import layout
from app.store.byte_ring import ByteRing
from app.store.hot import HotStore
from app.store.ring import Ring
from drivers.crc32 import Crc32

from host_tools.events import table

_NAMES = {event.code: event.read_name for event in table.load().events}
_EXTRA_UNITS = {codes.ENERGY_LOST: "Wh", codes.OUTAGE_RESTORED: "s", codes.OUTAGE_RESTORED_LONG: "s"}
_HOT = slice(layout.HOT_BASE, layout.HOT_BASE + 4 * layout.HOT_SLOT)
_LOGS = slice(layout.EVENT_BASE, layout.event_address(4))


class Bytes:
    """Byte store that can only be read."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)

    def read_into(self, address, buf):
        buf[:] = self.data[address : address + len(buf)]


class _Blocks(Bytes):
    """Block store that can only be read."""

    def __init__(self, data):
        super().__init__(data)
        self.sector_size = 4096
        self.sector_count = len(data) // 4096

    def busy(self):
        return False


class _NoChip:
    def load_snapshot(self, buf, at):
        """The chip's counters are none of a reader's business."""


class Stored:
    """data: the FRAM's bytes (bytearray), looked at again with every call; elements: 1 or 2."""

    def __init__(self, data, elements):
        self._store = Bytes(data)
        self._elements = elements
        self._crc = Crc32()
        self._seen = {}

    def registers_wh(self):
        """Six ints (order of app.metrology.registers) an element; zeros where nothing is stored."""
        return self._cached(_HOT, self._read_registers)

    def events(self):
        """[(utc_day, utc_second, code, extra), ...] of the four logs, oldest first, at most 400."""
        return self._cached(_LOGS, self._read_events)

    def _cached(self, where, read):
        raw = bytes(self._store.data[where])
        seen, found = self._seen.get(where.start, (None, None))
        if raw != seen:
            found = read()
            self._seen[where.start] = (raw, found)
        return found

    def _read_registers(self):
        hot = HotStore(self._store, layout.HOT_BASE, self._crc, self._elements)
        for i in range(self._elements):
            hot.load(i, Registers(1), _NoChip())
        return hot.served_wh

    def _read_events(self):
        return _events_in_fram(self._store, self._crc)


def events_of(bench, elements):
    """[(utc_day, utc_second, code, extra), ...] of the four logs in the FRAM or the flash of a VirtualBoard, oldest first."""
    crc = Crc32()
    if bench.fram is not None:
        return _events_in_fram(Bytes(bench.fram.storage.data), crc)
    blocks = _Blocks(bench.partition.storage.data)
    places = layout.plan(blocks.sector_count, True, elements)
    ids = range(layout.RING_EVENT, layout.RING_EVENT + 4)
    rings = [Ring(blocks, places[i][0], places[i][1], PAYLOAD, crc, i) for i in ids]
    return merged(EventLogs(rings))


def _events_in_fram(store, crc):
    rings = [ByteRing(store, layout.event_address(n), layout.EVENT_SLOTS, PAYLOAD, crc) for n in range(4)]
    return merged(EventLogs(rings))


def event_name(code):
    """`0x8F57` -> "supply interrupted"."""
    return _NAMES.get(code) or f"event {code:04X}"


def event_extra(code, extra):
    """The number that came with an event, with its unit where it has one; "" for 0."""
    return f"{extra} {_EXTRA_UNITS.get(code, '')}".strip() if extra else ""

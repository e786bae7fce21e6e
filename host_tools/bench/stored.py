# SPDX-License-Identifier: MIT
"""What a meter has stored, read from its FRAM by the firmware's own readers, without touching the meter.

It is what a reader of the meter may see (whole Wh, as persisted), and what is left if the power goes at this instant.
"""

from app.metrology.registers import Registers
from app.records import codes
from app.records.event_log import PAYLOAD, EventLog
from app.store import layout
from app.store.byte_ring import ByteRing
from app.store.hot import HotStore
from drivers.crc32 import Crc32

_NAMES = {code: name for name, code in vars(codes).items() if name.isupper() and not name.startswith("SUB_")}
_EXTRA_UNITS = {codes.ENERGY_LOST: "Wh", codes.OUTAGE_RESTORED: "s", codes.OUTAGE_RESTORED_LONG: "s"}
_HOT = slice(layout.HOT_BASE, layout.HOT_BASE + 4 * layout.HOT_SLOT)
_LOG = slice(layout.event_address(layout.LOG_STANDARD), layout.event_address(layout.LOG_STANDARD + 1))


class _Bytes:
    """Byte store that can only be read."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)

    def read_into(self, address, buf):
        buf[:] = self.data[address : address + len(buf)]


class _NoChip:
    def load_snapshot(self, buf, at):
        """The chip's counters are none of a reader's business."""


class Stored:
    """data: the FRAM's bytes (bytearray), looked at again with every call; elements: 1 or 2."""

    def __init__(self, data, elements):
        self._store = _Bytes(data)
        self._elements = elements
        self._crc = Crc32()
        self._seen = {}

    def registers_wh(self):
        """Six ints (order of app.metrology.registers) an element; zeros where nothing is stored."""
        return self._cached(_HOT, self._read_registers)

    def events(self):
        """[(utc_day, utc_second, code, extra), ...] of the standard log, oldest first, at most 100."""
        return self._cached(_LOG, self._read_events)

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
        ring = ByteRing(self._store, _LOG.start, layout.EVENT_SLOTS, PAYLOAD, self._crc)
        log = EventLog(ring)
        return [(log.utc_day(i), log.utc_second(i), log.code(i), log.extra(i)) for i in range(log.count)]


def event_name(code):
    """`0x8F57` -> "supply interrupted"."""
    name = _NAMES.get(code)
    return name.replace("_", " ").lower() if name else f"event {code:04X}"


def event_extra(code, extra):
    """The number that came with an event, with its unit where it has one; "" for 0."""
    return f"{extra} {_EXTRA_UNITS.get(code, '')}".strip() if extra else ""

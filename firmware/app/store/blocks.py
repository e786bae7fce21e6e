# SPDX-License-Identifier: MIT
"""Everything that lives on one block store: rings and tables, made by the plan, erasing one at a time, each in its turn."""

from micropython import const

from app.store import layout
from app.store.ring import Ring, Scratch
from app.store.tables import Tables

_STAY = const(64)  # polls after which the next part has its turn, whatever goes on


class Blocks:
    """ring[i]: the Ring with id i of app/store/layout.py; None: not on this store. tables: Tables, or None.

    restless: poll() has something to do soon (a scan, an erase, a record that waits); the wait should be short.
    """

    def __init__(self, store, crc, in_flash, elements, event_payload=layout.EVENT_PAYLOAD, cold_payload=228):
        """store: Block store. in_flash: there is no FRAM: what must be known at boot is scanned at once, all else in steps
        by poll(). raises: ValueError: the store is too small to keep the registers
        """
        self.store = store
        places = layout.plan(store.sector_count, in_flash, elements)
        self.ring = []
        self.tables = None
        parts = []
        scratch = Scratch()
        for ring_id in range(layout.RING_IDS):
            self.ring.append(None)
            place = places[ring_id]
            if place is None:
                continue
            first, sectors = place
            if ring_id == layout.TABLES:
                part = self.tables = Tables(store, first, layout.TABLE_COUNT, crc, scratch.blank_page)
            else:
                payload = _payload(ring_id, event_payload, cold_payload)
                part = Ring(store, first, sectors, payload, crc, ring_id, ring_id < layout.RING_LOAD_0, scratch)
                self.ring[ring_id] = part
            part.hold = True
            parts.append(part)
        self.parts = tuple(parts)
        prepare = getattr(store, "prepare", None)
        if prepare is not None:  # a part that keeps something for each length: no pass shall make it
            for ring in self.ring:
                if ring is not None:
                    prepare(ring.stride)
        self.restless = True
        self._turn = 0
        self._stayed = 0
        self._quiet = 0  # polls in a row that found nothing to do
        self._free = self.parts[0]  # the one part that may erase

    def poll(self, failing, calm):
        """One bounded step of one part, and one of every other that has a record waiting. Every pass. allocates: no

        failing: the supply goes, no erase begins. calm: one may begin now: False where the code runs from the same flash
        (an erase stops the processor) and a register is soon due; a part that has no blank sector left erases even so.
        """
        parts = self.parts
        self._free.hold = True
        part = self._free = parts[self._turn]
        part.hold = failing or not (calm or not part.ahead)
        more = part.poll()
        for other in parts:
            if other.staged:
                more = True
                if other is not part:
                    other.poll()
        self._stayed += 1
        if more:
            self._quiet = 0
        elif self._quiet < len(parts):
            self._quiet += 1
        self.restless = self._quiet < len(parts)
        if not more or self._stayed >= _STAY:
            self._stayed = 0
            self._turn = self._turn + 1 if self._turn + 1 < len(parts) else 0


def _payload(ring_id, event_payload, cold_payload):
    if ring_id <= layout.RING_HOT_1:
        from app.store.hot_record import BODY

        return BODY
    if ring_id == layout.RING_COLD:
        return cold_payload
    if ring_id < layout.RING_LOAD_0:
        return event_payload
    if ring_id <= layout.RING_LOAD_1:
        return layout.PAYLOAD_LOAD
    if ring_id == layout.RING_INSTRUMENTATION:
        return layout.PAYLOAD_INSTRUMENTATION
    if ring_id == layout.RING_VOLTAGE:
        return layout.PAYLOAD_VOLTAGE
    if ring_id == layout.RING_DAILY:
        return layout.PAYLOAD_DAILY
    if ring_id == layout.RING_DIPS:
        return layout.PAYLOAD_DIPS
    return layout.PAYLOAD_BILLING

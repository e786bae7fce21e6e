# SPDX-License-Identifier: MIT
"""The items of the display, kept in a table: checked whole, stored, then shown. Bytes: docs/SPEC.md, "Display items"."""

from micropython import const

from app.panel.items import MOST, RECORD, Items

_VERSION = const(1)
_HEAD = const(2)
_CHUNK = const(192)
_READ_TRIES = const(20)


class ItemStore:
    """items: Items that the panel shows; tables: Tables; table_id: layout.TABLE_DISPLAY. saving: `poll` has something to do."""

    __slots__ = ("_at", "_chunks", "_items", "_length", "_records", "_table_id", "_tables", "saving")

    def __init__(self, items, tables, table_id):
        self._items = items
        self._tables = tables
        self._table_id = table_id
        self._chunks = ()
        self._records = b""
        self._length = 0
        self._at = 0
        self.saving = False

    def restore(self):
        """Boot only. returns: True: the stored items are shown; False: there are none that this firmware knows."""
        buf = bytearray(_HEAD + MOST * RECORD)
        for _ in range(_READ_TRIES):
            try:
                length = self._tables.load_into(self._table_id, buf)
                break
            except OSError:
                continue
        else:
            return False
        if length < _HEAD or buf[0] != _VERSION or length != _HEAD + buf[1] * RECORD:
            return False
        try:
            self._items.load(bytes(buf[_HEAD:length]))
        except ValueError:
            return False
        return True

    def save(self, records):
        """Another set of records, see Items. Configuration: allocates. raises: ValueError, the reason; then nothing changes.

        What was accepted is shown when `poll` has stored it. returns: False: another one is under way
        """
        if self.saving:
            return False
        Items(records)  # says what is wrong with it
        self._records = bytes(records)
        data = memoryview(bytes((_VERSION, len(records) // RECORD)) + self._records)
        self._chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
        self._length = len(data)
        self._at = -1
        self.saving = True
        return True

    def poll(self):
        """One step of storing. returns: True: it was the last one, the new items are shown. allocates: in that one only"""
        if not self.saving:
            return False
        tables = self._tables
        if self._at < 0:
            if tables.begin(self._table_id, self._length):
                self._at = 0
        elif self._at < len(self._chunks):
            if tables.put(self._at * _CHUNK, self._chunks[self._at]):
                self._at += 1
        elif tables.commit():
            self.saving = False
            self._chunks = ()
            self._items.load(self._records)
            return True
        return False

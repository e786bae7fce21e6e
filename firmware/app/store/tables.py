# SPDX-License-Identifier: MIT
"""Big named tables (calendars, price lists, display lists) on raw erase blocks, each replaced whole or not at all.

A table has two sectors. A new one is written to the sector that does not hold the present one, and counts from the moment
its head is there; the head is the last thing that is written and carries a checksum over all of it. Bytes: docs/SPEC.md,
"Table".

    if tables.begin(layout.TABLE_TARIFF_A, n): ...      each step is asked for pass upon pass
        if tables.put(offset, chunk): ...               until it says True
            if tables.commit(): ...

Nothing here waits: False means "not in this pass", whether the flash erases, another write is open or the part failed.
"""

from struct import pack_into

from micropython import const

from app import ticks

MAX_BYTES = const(4064)
MAX_CHUNK = const(220)

_PAGE = const(256)
_HEAD_AT = const(4064)  # in the sector; the head shares the last page with the last data
_HEAD = const(24)  # <HBBHHI, checksum of the pages, checksum of the head
_HEAD_CRC = const(20)
_MAGIC = const(0x5446)
_VERSION = const(1)
_CHAINED = const(260)  # one page, and the checksum of those before it
_READ_TRIES = const(3)
_MASK = const(0x3FFFFFFF)

_UNKNOWN = const(2)  # _side: not looked for yet
_NONE = const(3)

_CLOSED = const(0)
_WANTED = const(1)  # the sector must be erased
_ERASING = const(2)
_OPEN = const(3)  # blank and being filled


class Tables:
    """open_id: the table that is being written, 0: none. hold: set it while no erase may begin. errors: faults of the store.

    torn: tables whose newest content was damaged. erases: started since boot. Bytes of RAM: 3 a table, and 0.8 KiB.
    """

    def __init__(self, store, first_sector, table_count, crc, blank_page=None):
        """store: Block store; tables 1..table_count take two of its sectors each, from first_sector on.

        blank_page: 256 blank bytes, None: makes its own.
        """
        self.store = store
        self.first_sector = first_sector
        self.table_count = table_count
        self.crc = crc
        self.open_id = 0
        self.hold = False
        self.errors = 0
        self.torn = 0
        self.erases = 0
        self._side = bytearray([_UNKNOWN] * (table_count + 1))
        self._length = bytearray(2 * (table_count + 1))
        self._step = _CLOSED
        self._sector = 0
        self._total = 0
        self._done = 0  # bytes taken
        self._flushed = 0  # bytes in the flash
        self._next = 0  # page to be looked at
        self._out = bytearray(_CHAINED + 4)
        self._out_page = memoryview(self._out)[:_PAGE]
        self._in = bytearray(_CHAINED + 4)
        self._in_page = memoryview(self._in)[:_PAGE]
        self._head = bytearray(_HEAD)
        self._blank = blank_page if blank_page is not None else b"\xff" * _PAGE

    def length(self, table_id):
        """Bytes of a table, 0: none. raises: OSError: the store does not answer now (it may be erasing)"""
        self._check(table_id)
        if self._side[table_id] == _UNKNOWN:
            self._find(table_id)
        if self._side[table_id] == _NONE:
            return 0
        return self._length[2 * table_id] | self._length[2 * table_id + 1] << 8

    def load_into(self, table_id, buf):
        """The whole table into buf (bytearray), checked. allocates: no

        returns: its length; 0: there is none, or it is longer than buf or damaged. raises: OSError as `length`
        """
        n = self.length(table_id)
        if not n or n > len(buf):
            return 0
        for _ in range(_READ_TRIES):  # a bit may have flipped on the bus
            if self._read_side(table_id, self._side[table_id], buf):
                return n
        return 0

    def read_into(self, table_id, offset, buf):
        """A piece of a table, as it stands in the flash: only length and place are checked. allocates: no

        returns: False: no such piece. raises: OSError as `length`
        """
        if offset < 0 or offset + len(buf) > self.length(table_id):
            return False
        self.store.read_into(self._sector_of(table_id, self._side[table_id]) * self.store.sector_size + offset, buf)
        return True

    def begin(self, table_id, length):
        """Prepare for `length` bytes (1..MAX_BYTES); what is stored stays until `commit`. allocates: no

        returns: True: put() may follow; False: ask again (about 20 times). raises: ValueError: id or length
        """
        self._check(table_id)
        if not 0 < length <= MAX_BYTES:
            raise ValueError("table: length")
        if self.open_id and self.open_id != table_id:
            return False
        if self._step == _OPEN and (self._done or self._total != length):
            self._step = _CLOSED  # begun anew
        try:
            if self._side[table_id] == _UNKNOWN:
                if self.store.busy():
                    return False
                self._find(table_id)
            self.open_id = table_id
            if self._step == _CLOSED:
                self._sector = self._sector_of(table_id, 1 if self._side[table_id] == 0 else 0)
                self._step = _WANTED
            self._total = length
            return self._prepare()
        except OSError:
            self.errors += 1
            if self._step == _ERASING:
                self._step = _WANTED
        return False

    def put(self, offset, buf):
        """The next bytes of the table that is open: offset is where the last put() that was taken ended. allocates: no

        buf: 1..MAX_CHUNK bytes. returns: True: taken; False: ask again with the same. raises: ValueError: not these bytes
        """
        n = len(buf)
        if self._step != _OPEN or offset != self._done or not 0 < n <= MAX_CHUNK or offset + n > self._total:
            raise ValueError("table: put")
        out = self._out
        for i in range(n):
            at = offset + i & (_PAGE - 1)
            if not at and offset + i > self._flushed and not self._flush():
                return False
            out[at] = buf[i]
        self._done = offset + n
        return True

    def commit(self):
        """All bytes are put: from True on they are the table. allocates: no

        returns: False: ask again. raises: ValueError: bytes are missing
        """
        if self._step != _OPEN or self._done != self._total:
            raise ValueError("table: commit")
        if self._flushed < self._total:
            for at in range(self._total - self._flushed, _PAGE):
                self._out[at] = 0xFF
            if not self._flush():
                return False
        table_id = self.open_id
        head = self._head
        try:
            if self.store.busy():
                return False
            sequence = ticks.add(self._sequence(table_id), 1)
            pack_into("<HBBHHI", head, 0, _MAGIC, _VERSION, table_id, self._total, 0, sequence)
            for i in range(4):
                head[12 + i] = self._out[_PAGE + i]
                head[16 + i] = 0
            self.crc.seal(head, _HEAD_CRC)
            self.store.program(self._sector * self.store.sector_size + _HEAD_AT, head)
        except OSError:
            self.errors += 1
            return False
        self._side[table_id] = self._sector - self._sector_of(table_id, 0)
        pack_into("<H", self._length, 2 * table_id, self._total)
        self.cancel()
        return True

    def cancel(self):
        """Give up the write that is open; what is stored stays."""
        self._step = _CLOSED
        self.open_id = 0

    # The face of a Ring, for whoever lets the parts of a store erase in turn

    @property
    def staged(self):
        return False

    @property
    def ahead(self):
        """A table can wait: it is never what must be erased at a bad moment."""
        return 2

    def poll(self):
        """Nothing goes on by itself. returns: True while a sector is being made ready: begin() will be called soon"""
        return _WANTED <= self._step <= _ERASING

    # Writing

    def _prepare(self):
        """One step towards a blank sector. returns: True when it is blank"""
        if self._step == _OPEN:
            return True
        store = self.store
        if store.busy():
            return False
        start = self._sector * store.sector_size
        if self._step == _WANTED:
            if not self.hold:
                self._next = 0
                self._step = _ERASING
                self.erases += 1
                store.erase_start(self._sector)
            return False
        for _ in range(2):
            store.read_into(start + self._next * _PAGE, self._in_page)
            if self._in_page != self._blank:
                self.errors += 1
                self._step = _WANTED
                return False
            self._next += 1
        if self._next * _PAGE < store.sector_size:
            return False
        self._step = _OPEN
        self._done = 0
        self._flushed = 0
        for i in range(4):
            self._out[_PAGE + i] = 0
        return True

    def _flush(self):
        """The page that is full, or the last one, goes to the flash. returns: True when it is there, verified"""
        try:
            if self.store.busy():
                return False
            self.store.program(self._sector * self.store.sector_size + self._flushed, self._out_page)
        except OSError:
            self.errors += 1
            return False
        self._flushed += _PAGE
        self._chain(self._out)
        return True

    def _chain(self, buf):
        self.crc.seal(buf, _CHAINED)
        for i in range(4):
            buf[_PAGE + i] = buf[_CHAINED + i]

    # Finding and reading

    def _find(self, table_id):
        """Which side holds the newest whole table: the one whose number is higher, if it is whole."""
        first = self._read_head(table_id, 0)
        sequence = self._head_sequence()
        second = self._read_head(table_id, 1)
        newest = 0
        if second and (not first or ticks.diff(self._head_sequence(), sequence) > 0):
            newest = 1
        for side in (newest, 1 - newest):
            if not (second if side else first):
                continue
            for _ in range(_READ_TRIES):
                if self._read_side(table_id, side, None):
                    self._side[table_id] = side
                    pack_into("<H", self._length, 2 * table_id, self._head[4] | self._head[5] << 8)
                    return
            self.torn += 1
        self._side[table_id] = _NONE

    def _read_head(self, table_id, side):
        head = self._head
        at = self._sector_of(table_id, side) * self.store.sector_size + _HEAD_AT
        for _ in range(_READ_TRIES):
            self.store.read_into(at, head)
            if self.crc.valid(head, _HEAD_CRC) and head[11] < 0x40:
                if head[0] | head[1] << 8 == _MAGIC and head[2] == _VERSION and head[3] == table_id:
                    return 0 < head[4] | head[5] << 8 <= MAX_BYTES
        return False

    def _read_side(self, table_id, side, buf):
        """Read and check a side; its bytes go to buf unless that is None. returns: True when it is whole"""
        if not self._read_head(table_id, side):
            return False
        image = self._in
        for i in range(4):
            image[_PAGE + i] = 0
        n = self._head[4] | self._head[5] << 8
        start = self._sector_of(table_id, side) * self.store.sector_size
        at = 0
        while at < n:
            self.store.read_into(start + at, self._in_page)
            if at + _PAGE <= n:
                if buf is not None:
                    pack_into("256s", buf, at, image)
            else:
                self._last_page(at, n - at, buf)
            self._chain(image)
            at += _PAGE
        for i in range(4):
            if image[_PAGE + i] != self._head[12 + i]:
                return False
        return True

    def _last_page(self, at, count, buf):
        image = self._in
        if buf is not None:
            for i in range(count):
                buf[at + i] = image[i]
        for i in range(count, _PAGE):
            image[i] = 0xFF  # the head may lie there

    def _sequence(self, table_id):
        """Number of the newest content; 0: none. raises: OSError"""
        side = self._side[table_id]
        if side == _NONE or not self._read_head(table_id, side):
            return 0
        return self._head_sequence()

    def _head_sequence(self):
        head = self._head
        return (head[8] | head[9] << 8 | head[10] << 16 | head[11] << 24) & _MASK

    def _sector_of(self, table_id, side):
        return self.first_sector + 2 * (table_id - 1) + side

    def _check(self, table_id):
        if not 0 < table_id <= self.table_count:
            raise ValueError("table: id")

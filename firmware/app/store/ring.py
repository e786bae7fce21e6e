# SPDX-License-Identifier: MIT
"""A ring of fixed-size records on raw erase blocks: append at one end, lose whole sectors at the other.

Every sector starts with a mark that is programmed when its erase has ended and has been checked: an interrupted erase
never looks like a blank sector. Every record carries a sequence number and a CRC-32; the number fixes its place, so the
newest sector is found from the records themselves. A record torn by a power cut is a used slot that `read` refuses.
Bytes: docs/SPEC.md, "Ring".

No record crosses a 256-byte page, so an append is one page program. `poll` does one bounded step and keeps two sectors
blank ahead; an erase is started and looked after, not waited for. Boot only reads.
"""

from array import array
from struct import pack_into

from micropython import const

from app import ticks

_PAGE = const(256)
_HEAD = const(16)  # of every page; the mark is in page 0
_VERSION = const(1)
_MAGIC = const(0x5246)
_AHEAD = const(2)
_PROBES = const(16)  # slots looked at to find a sector's place: torn ones come first only after repeated cuts
_ERASE_TRIES = const(3)
_SEQUENCE_MASK = const(0x3FFFFFFF)

_DIRTY = const(0)  # must be erased before use
_CLEAN = const(1)
_USED = const(2)  # holds records of the chain

_IDLE = const(0)
_ERASING = const(1)
_CHECKING = const(2)


class Ring:
    """slots: places from the oldest to the newest record, torn ones included; index 0 is the oldest.

    staged: a record was accepted and waits for the flash (an erase runs); it is not durable yet. hold: set it while the
    supply is failing: no erase is started. torn: damaged records met; errors: faults of the store; dropped: appends
    refused.
    """

    def __init__(self, store, first_sector, sector_count, payload_size, crc, ring_id):
        """store: Block store; the ring has sector_count (4..) sectors of it. payload_size: 1..232 bytes."""
        if sector_count < _AHEAD + 2 or not 0 < payload_size <= 232:
            raise ValueError("ring: at least 4 sectors, payload 1..232")
        self.store = store
        self.crc = crc
        self.first_sector = first_sector
        self.sector_count = sector_count
        self.payload_size = payload_size
        self.ring_id = ring_id
        self.stride = payload_size + 8
        self.per_page = (_PAGE - _HEAD) // self.stride
        self.per_sector = self.per_page * (store.sector_size >> 8)
        self.hold = False
        self.staged = False
        self.torn = 0
        self.errors = 0
        self.dropped = 0
        self.erases = 0  # started since boot
        self._record = bytearray(self.stride)
        self._read = bytearray(self.stride)
        self._blank = b"\xff" * self.stride
        self._page = bytearray(_PAGE)
        self._blank_page = b"\xff" * _PAGE
        self._mark = bytearray(_HEAD)
        self._copy_format = "%ds" % payload_size
        self._state = bytearray(sector_count)
        self._first = array("i", [0] * sector_count)  # sequence of slot 0
        self._erase_count = array("i", [0] * sector_count)
        self._step = _IDLE
        self._target = 0
        self._target_page = 0
        self._tries = 0
        # Nothing found: as if the last sector were full and the next record were number 0.
        self._newest = sector_count - 1
        self._next_slot = self.per_sector
        self._chain = 0  # sectors with records, the newest included
        self._scanned = False
        self._first[self._newest] = _SEQUENCE_MASK - self.per_sector + 1
        self._scan()

    @property
    def slots(self):
        if not self._chain:
            return 0
        return (self._chain - 1) * self.per_sector + self._next_slot

    @property
    def next_sequence(self):
        """Sequence number the next record will get, 0..2**30-1."""
        return ticks.add(self._first[self._newest], self._next_slot)

    @property
    def ahead(self):
        """Blank sectors ready behind the newest one."""
        count = 0
        sector = self._after(self._newest)
        while count < self.sector_count - 1 and self._state[sector] == _CLEAN:
            count += 1
            sector = self._after(sector)
        return count

    def ready(self):
        """True when an append would be programmed now: no erase runs, nothing waits, a blank slot is there."""
        try:
            if not self._scanned or self.staged or self.store.busy():
                return False
        except OSError:
            self.errors += 1
            return False
        return self._next_slot < self.per_sector or self.ahead > 0

    def busy(self):
        """True while the part erases: reads must wait."""
        return self.store.busy()

    def erase_count(self, sector):
        """Erases of a sector of the ring (0..sector_count-1) over its life, as its mark tells."""
        return self._erase_count[sector]

    def append(self, buf):
        """Add one record. buf: bytearray or bytes of payload_size. allocates: no

        returns: True: accepted, and durable unless `staged`; then poll() makes it so. False: the place for one is taken
        """
        if self.staged:
            self.dropped += 1
            return False
        pack_into(self._copy_format, self._record, 0, buf)
        self.staged = True
        self._flush()
        return True

    def read(self, index, buf):
        """Payload of slot `index` (0 = oldest .. slots-1) into buf. returns: False if it is torn. allocates: no

        Do not call while busy().
        """
        if index < 0 or index >= self.slots:
            return False
        back = index // self.per_sector
        sector = self._newest - self._chain + 1 + back
        if sector < 0:
            sector += self.sector_count
        slot = index - back * self.per_sector
        if not self._fetch(sector, slot) or self._fetched_sequence() != ticks.add(self._first[sector], slot):
            return False
        pack_into(self._copy_format, buf, 0, self._read)
        return True

    def poll(self):
        """One bounded step (a page read, a page program or the start of an erase). returns: True while there is more to
        do

        allocates: no
        """
        try:
            if self.store.busy():
                return True
            if not self._scanned:  # the store failed at boot: change nothing before it is known what is there
                self._scan()
                return True
            if self.staged:
                self._flush()
                if not self.staged:
                    return True
            if self._step == _IDLE:
                return self._begin_erase()
            self._check_erased()
        except OSError:
            self.errors += 1
            self._step = _IDLE
        return True

    # Appending

    def _flush(self):
        try:
            if not self._scanned or self.store.busy():
                return
            for _ in range(3):  # a slot that will not take the record is passed over
                if self._next_slot >= self.per_sector and not self._open_next():
                    return
                if self._program_record():
                    return
        except OSError:
            self.errors += 1

    def _open_next(self):
        sector = self._after(self._newest)
        if self._state[sector] != _CLEAN:
            return False
        self._state[sector] = _USED
        self._first[sector] = ticks.add(self._first[self._newest], self.per_sector)
        self._newest = sector
        self._chain += 1
        self._next_slot = self._boundary(sector)
        return self._next_slot < self.per_sector

    def _program_record(self):
        record = self._record
        sealed = self.payload_size + 4
        pack_into("<I", record, self.payload_size, self.next_sequence)
        self.crc.seal(record, sealed)
        try:
            self.store.program(self._address(self._newest, self._next_slot), record)
            done = True
        except OSError:
            self.errors += 1
            # It may be there all the same, or not a bit of it.
            self._load(self._newest, self._next_slot)
            done = self._read == record
            if not done:
                if self._read != self._blank:
                    self.torn += 1
                    self._next_slot += 1
                return False
        self._next_slot += 1
        self.staged = False
        return done

    # Erasing ahead

    def _begin_erase(self):
        if self.hold:
            return self.staged
        ahead = self.ahead
        if ahead >= _AHEAD:
            return self.staged
        sector = self._newest + 1 + ahead
        if sector >= self.sector_count:
            sector -= self.sector_count
        if self._state[sector] == _USED:
            self._chain -= 1  # the oldest records go
            self._state[sector] = _DIRTY
        if sector != self._target:
            self._target = sector
            self._tries = 0
        self._target_page = 0
        self._erase_count[sector] += 1
        self.erases += 1
        self._step = _ERASING
        self.store.erase_start(self.first_sector + sector)
        return True

    def _check_erased(self):
        # The part is no longer busy: look at one page a step, then mark the sector.
        self._step = _CHECKING
        sector = self._target
        start = (self.first_sector + sector) * self.store.sector_size
        if self._target_page < self.store.sector_size >> 8:
            self.store.read_into(start + self._target_page * _PAGE, self._page)
            if self._page == self._blank_page:
                self._target_page += 1
                return
            self.errors += 1
            self._tries += 1
            self._step = _IDLE
            if self._tries >= _ERASE_TRIES:
                self._state[sector] = _CLEAN  # worn: use what can be used, each record is verified
            return
        self._step = _IDLE
        self._make_mark(sector)
        self._state[sector] = _CLEAN
        self.store.program(start, self._mark)

    def _make_mark(self, sector):
        pack_into("<HBBHHI", self._mark, 0, _MAGIC, _VERSION, self.ring_id, self.stride, 0, self._erase_count[sector])
        self.crc.seal(self._mark, 12)

    # Boot

    def _scan(self):
        try:
            newest = -1
            for sector in range(self.sector_count):
                self._state[sector] = self._look_at(sector)
                if self._state[sector] == _USED:
                    if newest < 0 or ticks.diff(self._first[sector], self._first[newest]) > 0:
                        newest = sector
            if newest >= 0:
                boundary = self._boundary(newest)
                if boundary and not self._fetch(newest, boundary - 1):
                    self.torn += 1
                self._newest = newest
                self._next_slot = boundary
                self._follow_chain()
            self._scanned = True
        except OSError:
            self.errors += 1

    def _follow_chain(self):
        # Backwards as long as the numbers join on; used sectors outside of the chain are left-overs.
        self._chain = 1
        sector = self._before(self._newest)
        expected = self._first[self._newest]
        while self._chain < self.sector_count and self._state[sector] == _USED:
            if ticks.add(self._first[sector], self.per_sector) != expected:
                break
            expected = self._first[sector]
            self._chain += 1
            sector = self._before(sector)
        for _ in range(self.sector_count - self._chain):
            if self._state[sector] == _USED:
                self._state[sector] = _DIRTY
            sector = self._before(sector)

    def _look_at(self, sector):
        mark = self._mark
        self.store.read_into((self.first_sector + sector) * self.store.sector_size, mark)
        marked = self.crc.valid(mark, 12) and mark[11] < 0x40
        if marked:
            self._erase_count[sector] = mark[8] | mark[9] << 8 | mark[10] << 16 | mark[11] << 24
            magic = mark[0] | mark[1] << 8
            stride = mark[4] | mark[5] << 8
            if magic != _MAGIC or mark[2] != _VERSION or mark[3] != self.ring_id or stride != self.stride:
                return _DIRTY  # another ring's: valid, but not ours
        for slot in range(min(_PROBES, self.per_sector)):
            if self._fetch(sector, slot):
                self._first[sector] = ticks.diff(self._fetched_sequence(), slot) & _SEQUENCE_MASK
                return _USED
            if self._read == self._blank:
                break
        return _CLEAN if marked else _DIRTY

    def _boundary(self, sector):
        # Slots fill in order and a used one is never all ones: the first blank slot by halving.
        low = 0
        high = self.per_sector
        while low < high:
            middle = (low + high) >> 1
            self._load(sector, middle)
            if self._read == self._blank:
                high = middle
            else:
                low = middle + 1
        return low

    # One slot

    def _load(self, sector, slot):
        self.store.read_into(self._address(sector, slot), self._read)

    def _fetch(self, sector, slot):
        self._load(sector, slot)
        return self.crc.valid(self._read, self.payload_size + 4) and self._read[self.payload_size + 3] < 0x40

    def _fetched_sequence(self):
        at = self.payload_size
        read = self._read
        return read[at] | read[at + 1] << 8 | read[at + 2] << 16 | read[at + 3] << 24

    def _address(self, sector, slot):
        page = slot // self.per_page
        return (
            (self.first_sector + sector) * self.store.sector_size
            + page * _PAGE
            + _HEAD
            + (slot - page * self.per_page) * self.stride
        )

    def _after(self, sector):
        sector += 1
        return 0 if sector == self.sector_count else sector

    def _before(self, sector):
        return self.sector_count - 1 if sector == 0 else sector - 1

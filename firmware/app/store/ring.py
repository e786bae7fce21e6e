# SPDX-License-Identifier: MIT
"""A ring of fixed-size records on raw erase blocks: append at one end, lose whole sectors at the other.

Every sector starts with a mark that is programmed when its erase has ended and has been checked: an interrupted erase
never looks like a blank sector. Every record carries a sequence number and a CRC-32; the number fixes its place, so the
newest sector is found from the records themselves. A record torn by a power cut is a used slot that `read` refuses.
Bytes: docs/SPEC.md, "Ring".

No record crosses a 256-byte page, so an append is one page program. `poll` does one bounded step and keeps two sectors
blank ahead; an erase is started and looked after, not waited for. Boot only reads, all at once or a few sectors a poll.
A sector costs no RAM: what is in it follows from its place behind or before the newest one.
"""

from struct import pack_into

from micropython import const

from app import ticks
from app.store.ring_scan import CLEAN, DIRTY, USED, Scan

_PAGE = const(256)
_HEAD = const(16)  # of every page; the mark is in page 0
_VERSION = const(1)
_MAGIC = const(0x5246)
_AHEAD = const(2)
_PROBES = const(16)  # slots looked at to find a sector's place: torn ones come first only after repeated cuts
_ERASE_TRIES = const(3)
_SCAN_STEP = const(8)  # sectors a poll: two short reads each, 8 ms of calls and bus on the slowest board
_SEQUENCE_MASK = const(0x3FFFFFFF)

_IDLE = const(0)
_ERASING = const(1)
_CHECKING = const(2)


class Scratch:
    """Buffers of one operation on a block store, for all of its rings: nothing in them lasts longer than a call.

    page, blank_page, mark; of(n): (bytearray(n), n blank bytes) of slots of n bytes.
    """

    def __init__(self):
        self.page = bytearray(_PAGE)
        self.blank_page = b"\xff" * _PAGE
        self.mark = bytearray(_HEAD)
        self._slots = {}

    def of(self, stride):
        """The same pair for the same stride. Boot only."""
        if stride not in self._slots:
            self._slots[stride] = (bytearray(stride), b"\xff" * stride)
        return self._slots[stride]


class Ring:
    """scanned: what is stored is known; before that there are no slots, and an append only waits. slots: places from the
    oldest to the newest record, torn ones included; index 0 is the oldest. ahead: blank sectors ready behind the newest.
    depth: records that are kept at least. looked_first: for the scan.

    staged: a record was accepted and waits for the flash (an erase runs); it is not durable yet. hold: set it while no
    erase may begin. torn: damaged records met; errors: faults of the store; dropped: appends refused; reads: slots read.
    """

    def __init__(self, store, first_sector, sector_count, payload_size, crc, ring_id, at_once=True, scratch=None):
        """store: Block store; the ring has sector_count (4..) sectors of it. payload_size: 1..232 bytes. at_once: scan
        now; else poll() does it. scratch: the Scratch of all rings of this store, None: one of its own.
        """
        if scratch is None:
            scratch = Scratch()
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
        self.depth = (sector_count - _AHEAD - 1) * self.per_sector
        self.hold = False
        self.staged = False
        self.torn = 0
        self.errors = 0
        self.dropped = 0
        self.erases = 0  # started since boot
        self.reads = 0
        self._record = bytearray(self.stride)  # of its own: it waits here while it is staged
        self._read, self._blank = scratch.of(self.stride)
        self._page = scratch.page
        self._blank_page = scratch.blank_page
        self._mark = scratch.mark
        self._copy_format = "%ds" % payload_size
        self._step = _IDLE
        self._target = -1
        self._target_page = 0
        self._target_count = 0
        self._tries = 0
        # Nothing found: as if the last sector were full and the next record were number 0.
        self._newest = sector_count - 1
        self._first = _SEQUENCE_MASK - self.per_sector + 1  # sequence of slot 0 of the newest sector
        self._next_slot = self.per_sector
        self._chain = 0  # sectors with records, the newest included
        self.ahead = 0
        self.scanned = False
        self.looked_first = 0
        self._scan = Scan(sector_count, self.per_sector)
        try:
            while at_once and not self.scanned:
                self._look()
        except OSError:
            self.errors += 1

    @property
    def slots(self):
        if not self._chain:
            return 0
        return (self._chain - 1) * self.per_sector + self._next_slot

    @property
    def next_sequence(self):
        """Sequence number the next record will get, 0..2**30-1."""
        return ticks.add(self._first, self._next_slot)

    def ready(self):
        """True when an append would be programmed now: no erase runs, nothing waits, a blank slot is there."""
        try:
            if not self.scanned or self.staged or self.store.busy():
                return False
        except OSError:
            self.errors += 1
            return False
        return self._next_slot < self.per_sector or self.ahead > 0

    def busy(self):
        """True while the part erases: reads must wait."""
        return self.store.busy()

    def erase_count(self, sector):
        """Erases of a sector of the ring (0..sector_count-1) over its life, as its mark tells. raises: OSError"""
        return self._marked_count() if self._read_mark(sector) else 0

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
        back = self._chain - 1 - index // self.per_sector  # sectors behind the newest
        sector = self._newest - back
        if sector < 0:
            sector += self.sector_count
        slot = index % self.per_sector
        sequence = ticks.diff(self._first, back * self.per_sector - slot) & _SEQUENCE_MASK
        if not self._fetch(sector, slot) or self._fetched_sequence() != sequence:
            return False
        pack_into(self._copy_format, buf, 0, self._read)
        return True

    def poll(self):
        """One bounded step (a page read, a page program or the start of an erase). returns: True while there is more to
        do

        allocates: no
        """
        if self.ahead >= _AHEAD and self._step == _IDLE and not self.staged and self.scanned:
            return False  # at rest: not a bit on the bus
        try:
            if self.store.busy():
                return True
            if not self.scanned:
                for _ in range(_SCAN_STEP):
                    if not self.scanned:
                        self._look()
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
            if not self.scanned or self.store.busy():
                return
            for _ in range(3):  # a slot that will not take the record is passed over
                if self._next_slot >= self.per_sector and not self._open_next():
                    return
                if self._program_record():
                    return
        except OSError:
            self.errors += 1

    def _open_next(self):
        if not self.ahead:
            return False
        self.ahead -= 1
        self._newest = self._after(self._newest)
        self._first = ticks.add(self._first, self.per_sector)
        self._chain += 1
        self._next_slot = self._boundary(self._newest)
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
        if self.ahead >= _AHEAD:
            return self.staged
        sector = self._newest + 1 + self.ahead
        if sector >= self.sector_count:
            sector -= self.sector_count
        if self._chain + self.ahead >= self.sector_count:
            self._chain -= 1  # the oldest records go
        if sector != self._target:
            self._target_count = self.erase_count(sector)
            self._target = sector
            self._tries = 0
        self._target_page = 0
        self._target_count += 1
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
                self.ahead += 1  # worn: use what can be used, each record is verified
            return
        self._step = _IDLE
        pack_into("<HBBHHI", self._mark, 0, _MAGIC, _VERSION, self.ring_id, self.stride, 0, self._target_count)
        self.crc.seal(self._mark, 12)
        self.ahead += 1
        self.store.program(start, self._mark)

    # Boot

    def _look(self):
        """At one sector more; at the last one it is known what is there. raises: OSError"""
        scan = self._scan
        if not scan.done and not scan.step(self):
            return
        newest = scan.newest
        self.ahead = scan.ahead
        if newest >= 0:
            boundary = self._boundary(newest)
            if boundary and not self._fetch(newest, boundary - 1):
                self.torn += 1
            self._newest = newest
            self._first = scan.first
            self._next_slot = boundary
            self._chain = scan.chain
        self._scan = None
        self.scanned = True

    def look_at(self, sector):
        """For the scan: DIRTY, CLEAN, or USED, with the sequence of its slot 0 in looked_first. raises: OSError"""
        marked = self._read_mark(sector)
        mark = self._mark
        if marked:
            magic = mark[0] | mark[1] << 8
            stride = mark[4] | mark[5] << 8
            if magic != _MAGIC or mark[2] != _VERSION or mark[3] != self.ring_id or stride != self.stride:
                return DIRTY  # another ring's: valid, but not ours
        for slot in range(min(_PROBES, self.per_sector)):
            if self._fetch(sector, slot):
                self.looked_first = ticks.diff(self._fetched_sequence(), slot) & _SEQUENCE_MASK
                return USED
            if self._read == self._blank:
                break
        return CLEAN if marked else DIRTY

    def _read_mark(self, sector):
        self.store.read_into((self.first_sector + sector) * self.store.sector_size, self._mark)
        return self.crc.valid(self._mark, 12) and self._mark[11] < 0x40

    def _marked_count(self):
        mark = self._mark
        return mark[8] | mark[9] << 8 | mark[10] << 16 | mark[11] << 24

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
        self.reads = ticks.add(self.reads, 1)
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

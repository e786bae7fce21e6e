# SPDX-License-Identifier: MIT
"""What is done with an event code: its log and alerts, by the table and the masks of the supplier and the network operator.

Codes 8Fnn and private ones are nobody's to change. Masks are 256 bits: bit n of the number is the code with low byte n
(supplier 81nn, network operator 80nn). Written as a COSEM bit string of 512 bits, first transmitted bit most significant:
the upper 256 say which bits change, the lower 256 their new values. Source: GBCS use cases "configure alert behaviour",
confirmed against the DCC's published sample messages (0-0:97.98.11 .. .18 of the supplier, 0-33 of the operator).
"""

from micropython import const

from app.records.event_table import FACTORY, TABLE

SUPPLIER_ALERT = const(0)
SUPPLIER_HAN = const(1)
SUPPLIER_AUDIBLE = const(2)
SUPPLIER_LOG = const(3)
OPERATOR_ALERT = const(4)
OPERATOR_LOG = const(5)
MASKS = const(6)

# What `of` returns: bits 0-2 the log (app.store.layout, 4 none), and
NO_LOG = const(4)
ALERT = const(8)  # to the remote party
PAYLOAD = const(16)  # an alert of type 2
HAN = const(32)
AUDIBLE = const(64)
UNKNOWN = const(128)  # not in the table: standard log

# What `write` returns.
STORED = const(0)
WAITS = const(1)  # the store is busy: poll() makes it so
REFUSED_BUSY = const(2)  # a change before this one still waits
REFUSED_MALFORMED = const(3)

_STANDARD = const(1)
_ENTRY = const(4)
_BYTES = const(32)
_VERSION = const(1)
_RECORD = const(193)  # version, six masks


def find(code):
    """Where the four bytes of a code begin in TABLE, -1: unknown. allocates: no"""
    low = 0
    high = len(TABLE) // _ENTRY
    while low < high:
        middle = (low + high) >> 1
        at = middle * _ENTRY
        here = TABLE[at] << 8 | TABLE[at + 1]
        if here == code:
            return at
        if here < code:
            low = middle + 1
        else:
            high = middle
    return -1


class Masks:
    """waiting: a change is not stored yet; the old masks hold until it is."""

    def __init__(self, cold, cold_id):
        """cold: ColdRecords; without a record there, or without an answer, the masks are those of the factory"""
        self.cold = cold
        self.cold_id = cold_id
        self.waiting = False
        self._record = None  # as it is stored; None: the factory's, which stay where they are
        self._next = None  # only while a change waits
        self.known = False  # a stored record was found
        self.restore()

    def restore(self):
        """Load what is stored. Boot only; again later if the store did not answer"""
        if self.known or self.waiting:
            return
        record = bytearray(_RECORD)
        if self.cold.load_into(self.cold_id, record) == _RECORD and record[0] == _VERSION:
            self._record = record
            self.known = True

    def of(self, code):
        """What to do with a code, see above. allocates: no"""
        at = find(code)
        if at < 0:
            return _STANDARD | UNKNOWN | (ALERT if code >> 8 == 0x8F else 0)
        attributes = TABLE[at + 2]
        bits = attributes & 7
        kind = attributes >> 5 & 3
        decided = attributes >> 3 & 3
        if kind == 2:
            bits |= PAYLOAD
        if not decided:
            if kind:
                bits |= ALERT
            if attributes & 0x80:
                bits |= HAN
            return bits
        supplier = code >> 8 == 0x81
        low = code & 0xFF
        if not self.bit(SUPPLIER_LOG if supplier else OPERATOR_LOG, low):
            bits = bits & ~7 | NO_LOG
        if decided == 1:
            return bits
        if self.bit(SUPPLIER_ALERT if supplier else OPERATOR_ALERT, low):
            bits |= ALERT
        if supplier:
            if self.bit(SUPPLIER_HAN, low):
                bits |= HAN
            if self.bit(SUPPLIER_AUDIBLE, low):
                bits |= AUDIBLE
        return bits

    def bit(self, mask, low):
        """Bit of a mask for the code with low byte `low`: 0 or 1."""
        return self._byte(mask * _BYTES + 31 - (low >> 3)) >> (low & 7) & 1

    def _byte(self, at):
        record = self._record
        return FACTORY[at] if record is None else record[1 + at]

    def write(self, mask, bits):
        """bits: 64 bytes as transmitted. returns: STORED, WAITS or REFUSED_...; all or nothing, also through a power cut.
        allocates: 193 bytes
        """
        if not 0 <= mask < MASKS or len(bits) != 2 * _BYTES:
            return REFUSED_MALFORMED
        if self.waiting:
            return REFUSED_BUSY
        record = bytearray(_RECORD)
        record[0] = _VERSION
        for at in range(MASKS * _BYTES):
            record[1 + at] = self._byte(at)
        base = 1 + mask * _BYTES
        for at in range(_BYTES):
            change = bits[at]
            record[base + at] = record[base + at] & ~change & 0xFF | bits[_BYTES + at] & change
        self._next = record
        self.waiting = True
        self.poll()
        return WAITS if self.waiting else STORED

    def read_into(self, mask, buf):
        """The 32 bytes of a mask, most significant first. allocates: no"""
        for at in range(_BYTES):
            buf[at] = self._byte(mask * _BYTES + at)

    def poll(self):
        """Try to store what waits. allocates: no, once a record of this length was stored"""
        if self.waiting and self.cold.save(self.cold_id, self._next):
            self._record = self._next
            self._next = None
            self.waiting = False
            self.known = True

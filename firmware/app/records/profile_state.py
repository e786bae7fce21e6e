# SPDX-License-Identifier: MIT
"""What a profile must know after a cut beside its records: flags of the open interval, and whether it was told that the
memory has wrapped.

One cold record for all profiles, written when a flag comes up that the cut itself would not set. Bytes: docs/SPEC.md,
"State of the profiles".
"""

from micropython import const

from app.records import codes

_VERSION = const(1)
PROFILES = const(8)
_EACH = const(4)
_HEAD = const(4)
SIZE = const(36)


class ProfileState:
    """dirty: something waits to be saved; poll() does it."""

    def __init__(self, cold, cold_id, log=None):
        """log: Journal; None for who only reads."""
        self.log = log
        self.cold = cold
        self.cold_id = cold_id
        self.dirty = False
        self._record = bytearray(SIZE)

    def restore(self):
        """Boot only."""
        record = self._record
        if self.cold.load_into(self.cold_id, record) != SIZE or record[0] != _VERSION:
            for at in range(SIZE):
                record[at] = 0
        record[0] = _VERSION

    def keep(self, profile, status, sequence):
        """The open interval, which will get this sequence number in its ring, has this status so far. allocates: no"""
        record = self._record
        at = _HEAD + profile * _EACH
        low = sequence & 0xFF
        high = sequence >> 8 & 0xFF
        if record[at] != status or (status and (record[at + 1] != low or record[at + 2] != high)):
            record[at] = status
            record[at + 1] = low
            record[at + 2] = high
            self.dirty = True

    def saved(self, profile):
        """Status that is kept, of whichever interval."""
        return self._record[_HEAD + profile * _EACH]

    def recall(self, profile, sequence):
        """Status that was kept for the interval that will get this sequence number; 0: none."""
        record = self._record
        at = _HEAD + profile * _EACH
        if record[at + 1] == sequence & 0xFF and record[at + 2] == sequence >> 8 & 0xFF:
            return record[at]
        return 0

    def tell_wrapped(self, profile):
        """Records have been overwritten: logged the first time in the meter's life."""
        at = _HEAD + profile * _EACH + 3
        if self._record[at]:
            return
        self._record[at] = 1
        self.dirty = True
        self.log.append_now(codes.PROFILE_WRAPPED, profile)

    def poll(self):
        """Save what has changed; a store that cannot is asked again. allocates: no"""
        if self.dirty:
            self.dirty = not self.cold.save(self.cold_id, self._record)

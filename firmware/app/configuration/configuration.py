# SPDX-License-Identifier: MIT
"""The stored configuration: read before the engines are built, changed whole or not at all, every change logged.

All groups are one record (app/configuration/record.py) in a table of its own; where there is no block store, in a cold record,
if it fits. A change is checked as a whole, written, taken over by the live groups in one pass, and then logged, one event a
group. A small cold record, the head, says what was logged last (a checksum a group): what a cut kept from being logged, and
what was written while the meter was off, is logged at the next boot.
Bytes: docs/SPEC.md, "Configuration".
"""

from struct import pack_into

from micropython import const

from app.configuration import record as r
from app.records import codes
from app.store import layout

_HEAD_VERSION = const(1)
_HEAD = const(4)
_CHUNK = const(128)
_MOST_TRIES = const(30)

_AT_REST = const(0)  # what is being done
_ASK = const(1)  # the store did not answer at boot
_TELL = const(2)  # what the head does not know yet
_BEGIN = const(3)
_PUT = const(4)
_COMMIT = const(5)
_INLINE = const(6)  # the cold record that holds it all
_TAKE = const(7)  # it is stored
_NOTE = const(8)  # the head is on its way


class Configuration:
    """settings: Settings, whose groups are filled and changed; tables: Tables or None; crc: Checksum port.

    known: what is stored has been read. lost: it could not be, or only an older one: the factory's, or that, is in force.
    verdict: of the last change that was refused (app.configuration.record), 0: it was not.
    """

    def __init__(self, settings, cold, tables, crc):
        self.settings = settings
        self.known = False
        self.lost = False
        self.verdict = 0
        self._cold = cold
        self._tables = tables
        self._crc = crc
        self._store = None
        self._log = None
        self._engines = None
        self._step = _ASK
        self._tries = 0
        self._found = False  # something was stored
        self._record = b""  # while it is read or written
        self._copies = None  # of the groups, with the values that come into force in the next pass
        self._at = 0

    def connect(self, store, log, engines):
        """store: State, to be flagged; log: Journal; engines: told by `reconfigured()` and `wake()`."""
        self._store = store
        self._log = log
        self._engines = engines

    @property
    def restless(self):
        return self._step != _AT_REST

    def load(self):
        """Fill the groups from what is stored; else they stay at what they are. Boot only: allocates.

        returns: True when that is done; False: the store does not answer, ask again
        """
        if self.known:
            return True
        self._tries += 1
        try:
            if not self._fetch():
                return False
        except OSError:
            if self._tries < _MOST_TRIES:
                return False
            self.lost = True
        groups = self.settings.groups
        if self._record:
            self._found = True
            values = r.scratch(groups)
            for group in values:
                group.reset()
            if r.read(self._record, values, self._crc, False):
                self.lost = True
            else:
                for number in range(len(groups)):
                    groups[number].take_over(values[number])
        self._record = b""
        self.known = True
        self._step = _TELL
        return True

    def change(self, record):
        """New values for all groups or some of them, as bytes; what is not in them stays. Through the door only. allocates

        returns: 0: taken, in force as soon as it is stored, with an event a group; else a verdict: nothing has changed
        """
        self.verdict = self._begin(record)
        return self.verdict

    def submit(self, record):
        """`change` for the door. returns: 0 taken, 1 not now, 2 refused: `verdict` says why"""
        verdict = self.change(record)
        if verdict:
            return 1 if verdict >> 16 == r.BUSY else 2
        return 0

    def poll(self, now_ms, second):
        """One bounded step. allocates: no, but at boot and while a change is under way"""
        step = self._step
        if step == _AT_REST:
            return
        if step == _ASK:
            if second and self.load() and self._engines is not None:
                self._engines.reconfigured()
        elif step == _TELL:
            # Its reads of the FRAM are long: not in a pass in which the engines have theirs.
            if not second:
                self._tell()
        elif step == _NOTE:
            self._note()
        elif step == _TAKE:
            # To read it and to take it over are long enough for a pass each.
            if self._copies is None:
                self._copies = self._read()
            else:
                self._take()
        else:
            try:
                self._write(step)
            except OSError:
                pass  # the next pass asks again
            except ValueError:
                self._step = _BEGIN  # somebody else's table came between

    # Reading

    def _fetch(self):
        """The stored record into _record, empty: there is none. returns: False: ask again. raises: OSError"""
        tables = self._tables
        cold = self._cold
        if tables is not None:
            torn = tables.torn
            n = tables.length(layout.TABLE_CONFIG)
            if n:
                record = bytearray(n)
                if tables.load_into(layout.TABLE_CONFIG, record):
                    self._record = record
                else:
                    torn = -1
            if tables.torn != torn:
                self.lost = True
            return True
        errors = cold.errors
        record = bytearray(layout.COLD_PAYLOAD_MAX)
        n = cold.load_into(layout.CONFIG, record)
        if n:
            self._record = record[:n]
        elif cold.errors != errors:
            # Silent, damaged, or torn by a cut of the very first change, which is as if there were none: the head knows.
            errors = cold.errors
            if cold.load_into(layout.SETTINGS, record):
                self.lost = True
            elif cold.errors != errors:
                self.lost = self._tries >= _MOST_TRIES
                return self.lost
        return True

    def _tell(self):
        """Log what the head does not know: a change that a cut came after, or one made while the meter was off."""
        groups = self.settings.groups
        head = bytearray(layout.COLD_PAYLOAD_MAX)
        n = self._cold.load_into(layout.SETTINGS, head)
        known = head[1] if n >= _HEAD and head[0] == _HEAD_VERSION else 0
        if known and not self._found:
            self.lost = True
        if self.lost:
            self._store.flagged = True
            self._log.append_now(codes.INTEGRITY_ISSUE, codes.SUB_CONFIG_LOST)
        self._step = _AT_REST
        if not self._found:
            return
        factory = r.scratch(groups)
        now = bytearray(4)
        for number in range(len(groups)):
            at = _HEAD + 4 * number
            if number >= known:
                factory[number].reset()
                self._checksum_into(factory[number], head, at)
            self._checksum_into(groups[number], now, 0)
            if now != head[at : at + 4]:
                self._log.append_now(codes.CONFIG_CHANGED, number)
                self._step = _NOTE
        if known != len(groups):
            self._step = _NOTE

    # Changing

    def _begin(self, record):
        if self._step != _AT_REST:
            return r.BUSY << 16
        if not isinstance(record, (bytes, bytearray, memoryview)):
            return r.LENGTH << 16
        groups = self.settings.groups
        wanted = r.scratch(groups)
        verdict = r.read(record, wanted, self._crc, True)
        if verdict:
            return verdict
        whole = r.pack(wanted, self._crc)
        if whole == r.pack(groups, self._crc):
            return 0  # nothing to do
        step = _BEGIN
        if self._tables is None:
            whole = r.pack(wanted, self._crc, False)
            step = _INLINE
            if len(whole) > layout.COLD_PAYLOAD_MAX:
                return r.NO_STORE << 16
        self._record = whole
        self._step = step
        if self._engines is not None:
            self._engines.wake()
        return 0

    def _write(self, step):
        record = self._record
        if step == _BEGIN:
            if self._tables.begin(layout.TABLE_CONFIG, len(record)):
                self._at = 0
                self._step = _PUT
        elif step == _PUT:
            piece = record[self._at : self._at + _CHUNK]
            if self._tables.put(self._at, piece):
                self._at += len(piece)
                if self._at == len(record):
                    self._step = _COMMIT
        elif step == _COMMIT:
            if self._tables.commit():
                self._step = _TAKE
        elif self._cold.save(layout.CONFIG, record):
            self._step = _TAKE

    def _read(self):
        copies = r.scratch(self.settings.groups)
        for copy in copies:
            copy.reset()
        r.read(self._record, copies, self._crc, True)
        self._record = b""
        return copies

    def _take(self):
        """It is stored: the live groups take it over in this very pass, between two engines."""
        groups = self.settings.groups
        changed = []
        for number in range(len(groups)):
            if groups[number].take_over(self._copies[number]):
                changed.append(number)
        self._copies = None
        self._found = True
        self.lost = False
        if self._engines is not None:
            self._engines.reconfigured()
        for number in changed:
            self._log.append_now(codes.CONFIG_CHANGED, number)
        self._step = _NOTE

    def _note(self):
        """The head: this has been logged."""
        groups = self.settings.groups
        head = bytearray(_HEAD + 4 * len(groups))
        pack_into("<BBH", head, 0, _HEAD_VERSION, len(groups), 0)
        for number in range(len(groups)):
            self._checksum_into(groups[number], head, _HEAD + 4 * number)
        try:
            if self._cold.save(layout.SETTINGS, head):
                self._step = _AT_REST
        except OSError:
            pass  # the next pass asks again

    def _checksum_into(self, group, buf, at):
        """Four bytes that tell the values of a group from others."""
        image = bytearray(group.size + 4)
        group.pack_into(image, 0)
        self._crc.seal(image, group.size)
        for i in range(4):
            buf[at + i] = image[group.size + i]

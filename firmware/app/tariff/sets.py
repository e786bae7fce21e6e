# SPDX-License-Identifier: MIT
"""The active and the passive tariff set, and the moment at which they change places.

Three tables take turns: the active set, the passive one, and the one that is being received. A small control record names
them; writing it is what makes a set passive, or active: old or new, never a mixture. Bytes: docs/SPEC.md, "Tariff control".
"""

from struct import pack_into

from micropython import const

from app.store import layout
from app.tariff import tariff_set as t
from app.tariff import validate

NOW = const(0)
NEVER = const(-1)
BUSY = const(0xFF)  # install: another set is being received
NO_STORE = const(0xFE)  # install: this board has nowhere to put one

_VERSION = const(1)
_CHUNK = const(128)
_EMPTY_TRIES = const(3)
_MOST_TRIES = const(30)

_IDLE = const(0)  # what is being done
_BEGIN = const(1)
_PUT = const(2)
_COMMIT = const(3)
_CONTROL = const(4)  # the control record is on its way
_LOAD = const(5)  # swap: the passive set comes into memory


class Sets:
    """set: the active TariffSet. active, passive: tables they are in, 0: the factory's, none. activation: minute number, NOW or
    NEVER. swaps: sets activated so far, kept. ready: restored. lost: the active set could not be read, the factory's serves.
    """

    def __init__(self, cold, cold_id, tables, crc, config):
        """tables: Tables or None. crc: Checksum port. config: default_script, secondary_default_script."""
        self._cold = cold
        self._cold_id = cold_id
        self._tables = tables
        self._crc = crc
        self._config = config
        self._record = bytearray(12)
        self._chunk = self._last_chunk = bytearray()  # only while a set is received
        self._blob = b""
        self._at = 0
        self._step = _IDLE
        self._target = 0
        self._wanted = NEVER
        self._new_swaps = 0
        self._tries = 0
        self.set = t.TariffSet()
        self.active = 0
        self.passive = 0
        self.activation = NEVER
        self.swaps = 0
        self.ready = False
        self.lost = False
        self.failed = False  # the last activation did not come to be: the passive set could not be read

    @property
    def busy(self):
        """Something is under way: poll() every pass."""
        return self._step != _IDLE

    @property
    def swapping(self):
        """Between the old set and the new: nothing may be charged."""
        return self._step == _LOAD or (self._step == _CONTROL and self._new_swaps != self.swaps)

    def restore(self):
        """returns: True when ready; False: ask again, a second later. Boot only"""
        self._tries += 1
        try:
            if not self.active:
                n = self._cold.load_into(self._cold_id, self._record)
                if n != len(self._record) or self._record[0] != _VERSION:
                    if self._tries < _EMPTY_TRIES:
                        return False
                    self._use_factory()
                    return True
                self._take_record()
            if self.active:
                self._grow(self.active)
                n = self._tables.load_into(self.active, self.set.buf) if self._tables is not None else 0
                if n:
                    self.set.take()
                else:
                    self.lost = True
                    self._use_factory()
            else:
                self._use_factory()
        except OSError:
            if self._tries < _MOST_TRIES:
                return False
            self.lost = self.active != 0
            self._use_factory()
        try:
            self._grow(self.passive)  # here, so that the exchange itself allocates nothing
        except OSError:
            pass  # it will ask again
        self.ready = True
        return True

    def _grow(self, table):
        if table and self._tables is not None:
            self.set.grow(min(self._tables.length(table), t.MAX_BYTES))

    def _use_factory(self):
        self.set.make_default(self._config.default_script, self._config.secondary_default_script)
        self.ready = True

    def reload(self):
        """The settings have changed."""
        if not self.active or self.lost:
            self._use_factory()

    def install(self, blob, activation):
        """A new passive set. blob: bytes-like, kept until it is stored; activation: minute number, NOW or NEVER.

        returns: 0 taken; BUSY or NO_STORE << 8, or a verdict of app.tariff.validate: refused whole, nothing changes.
        allocates: a little
        """
        if self._step != _IDLE:
            return BUSY << 8
        if self._tables is None:
            return NO_STORE << 8
        verdict = validate.tariff_set(blob, len(blob), self._crc)
        if verdict:
            return verdict
        self._blob = blob
        self._chunk = bytearray(_CHUNK)
        self._last_chunk = bytearray(len(blob) % _CHUNK or _CHUNK)
        self.set.grow(len(blob))
        self._wanted = activation
        self._target = 1
        while self._target in (self.active, self.passive):
            self._target += 1
        self._target += layout.TABLE_TARIFF_A - 1
        self._step = _BEGIN
        return 0

    def set_activation(self, activation):
        """When the passive set becomes active; NEVER cancels. returns: True: taken; False: no passive set, or busy"""
        if self._step != _IDLE or not self.passive:
            return False
        self._control(self.active, self.passive, activation, self.swaps)
        return True

    def due(self, minute):
        """Is it time to swap? minute: minute number, -1: no valid time."""
        if not self.passive or self._step != _IDLE:
            return False
        return self.activation == NOW or 0 < self.activation <= minute

    def swap(self):
        """Begin; poll() goes on until `swapping` is False. Whatever was open has been charged at the old set's prices."""
        self._step = _LOAD
        self._tries = 0
        self.failed = False
        self.poll()

    def poll(self):
        """One step. returns: True when a swap has just come to its end, with `failed` telling which. allocates: no"""
        step = self._step
        if step == _IDLE:
            return False
        if step == _CONTROL:
            return self._save()
        if step == _LOAD:
            return self._load()
        try:
            self._receive(step)
        except OSError:
            pass  # the next pass asks again
        except ValueError:
            self._step = _BEGIN  # somebody else's table came between
        return False

    def _receive(self, step):
        tables = self._tables
        if step == _BEGIN:
            if tables.begin(self._target, len(self._blob)):
                self._at = 0
                self._step = _PUT
        elif step == _PUT:
            left = len(self._blob) - self._at
            chunk = self._chunk if left > _CHUNK else self._last_chunk
            for i in range(len(chunk)):
                chunk[i] = self._blob[self._at + i]
            if tables.put(self._at, chunk):
                self._at += len(chunk)
                if self._at == len(self._blob):
                    self._step = _COMMIT
        elif tables.commit():
            self._blob = b""
            self._chunk = self._last_chunk = bytearray()
            self._control(self.active, self._target, self._wanted, self.swaps)

    def _load(self):
        self._tries += 1
        n = 0
        try:
            self._grow(self.passive)
            n = self._tables.load_into(self.passive, self.set.buf)
        except OSError:
            if self._tries < _MOST_TRIES:
                return False
        if n:
            self._control(self.passive, 0, NEVER, self.swaps + 1)
            return self._save()
        self.failed = True  # back to the old one
        try:
            n = self._tables.load_into(self.active, self.set.buf) if self.active else 0
        except OSError:
            n = 0
        if n:
            self.set.take()
        else:
            self.lost = self.active != 0
            self._use_factory()
        self._control(self.active, 0, NEVER, self.swaps)
        self._save()
        return True

    def _control(self, active, passive, activation, swaps):
        self._new_swaps = swaps
        pack_into("<BBBBiI", self._record, 0, _VERSION, active, passive, 0, activation, swaps)
        self._step = _CONTROL

    def _save(self):
        try:
            if not self._cold.save(self._cold_id, self._record):
                return False
        except OSError:
            return False
        swapped = self._new_swaps != self.swaps
        self._take_record()
        self._step = _IDLE
        if swapped:
            self.lost = False
            self.set.take()
        return swapped

    def _take_record(self):
        record = self._record
        self.active = record[1]
        self.passive = record[2]
        self.activation = record[4] | record[5] << 8 | record[6] << 16 | ((record[7] ^ 0x80) - 0x80) << 24
        self.swaps = record[8] | record[9] << 8 | record[10] << 16 | record[11] << 24

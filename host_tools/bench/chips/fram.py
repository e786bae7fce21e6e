# SPDX-License-Identifier: MIT
"""32 KiB I2C FRAM as the data sheets describe it: Fujitsu MB85RC256V, Cypress FM24W256.

Two address bytes (the top bit is not decoded), then data that is stored byte by byte as it is acknowledged: no page, no
busy time, the address counter wraps to 0 at the end. A read goes on from the counter. Back-end: `storage.data` is the
array.
"""

from host_tools.bench.storage import StorageDevice


class Fram:
    """storage: StorageDevice (its size, a power of two, is the part's). nack: so many address matches to come go
    unanswered.

    transfers: address matches answered; bytes_written, bytes_read: since the model was made.
    """

    def __init__(self, storage=None, cut=None):
        self.storage = storage if storage is not None else StorageDevice(32768, cut, fill=0)
        self.size = len(self.storage.data)
        self.nack = 0
        self.powered = True
        self.bus = None
        self.write_protect = False  # WP pin: data bytes are acknowledged but not stored
        self.transfers = 0
        self.bytes_written = 0
        self.bytes_read = 0
        self._counter = 0

    def power(self, on):
        self.powered = on
        self._counter = 0

    def start(self):
        if not self.powered:
            return False
        if self.nack:
            self.nack -= 1
            return False
        self.transfers += 1
        return True

    def write(self, data):
        size = self.size
        count = len(data)
        if count < 2:
            return count
        at = (data[0] << 8 | data[1]) & (size - 1)
        self._counter = (at + count - 2) & (size - 1)
        if count > 2 and not self.write_protect:
            self.bytes_written += count - 2
            room = size - at
            payload = data[2:]
            if count - 2 <= room:
                self.storage.write(at, payload)
                return count
            self.storage.write(at, payload[:room])
            for start in range(room, count - 2, size):
                self.storage.write(0, payload[start : start + size])
        return count

    def read(self, n):
        at = self._counter
        size = self.size
        self.bytes_read += n
        self._counter = (at + n) & (size - 1)
        if at + n <= size:
            return bytes(self.storage.data[at : at + n])
        data = self.storage.data
        return bytes(data[(at + i) & (size - 1)] for i in range(n))

# SPDX-License-Identifier: MIT
"""The bytes that survive: every write of the firmware to FRAM or flash goes through here and can be cut at any byte."""


class PowerCut(BaseException):
    """Supply failed while the firmware ran. BaseException: no handler of the firmware may survive it, as none would."""


class CutSwitch:
    """Shared by all storage of a board: after `remaining` more written bytes the supply is gone.

    remaining: int or None (never). written: bytes written so far (the address space of the power-cut tests).
    """

    __slots__ = ("remaining", "written")

    def __init__(self):
        self.remaining = None
        self.written = 0

    def admit(self, count):
        """How many of `count` bytes still get written; fewer than count: the caller writes them, then raises PowerCut."""
        left = self.remaining
        if left is None:
            self.written += count
            return count
        if count < left:
            self.remaining = left - count
            self.written += count
            return count
        self.remaining = 0
        self.written += left
        return left


class StorageDevice:
    """`size` bytes that stay when the power goes. cut: CutSwitch."""

    def __init__(self, size, cut=None, fill=0xFF):
        self.data = bytearray(bytes([fill]) * size)
        self.cut = cut if cut is not None else CutSwitch()

    def write(self, address, data):
        """Overwrite in order of address; raises PowerCut after the last byte that made it."""
        n = self.cut.admit(len(data))
        if n == len(data) and self.cut.remaining != 0:
            self.data[address : address + n] = data
            return
        self.data[address : address + n] = bytes(data)[:n]
        raise PowerCut

    def program(self, address, data):
        """NOR programming: bits only go from 1 to 0."""
        count = len(data)
        old = self.data[address : address + count]
        if len(old) != count:
            raise ValueError("beyond the end")
        self.write(address, (int.from_bytes(old, "big") & int.from_bytes(data, "big")).to_bytes(count, "big"))


class SparseBytes:
    """`size` bytes of 0xFF of which only what has been written takes memory; indexed and sliced like a bytearray.

    Slices have a step of 1 and lie inside; assigned bytes are as many as they replace.
    """

    _PART = 4096
    _BLANK = b"\xff" * _PART

    def __init__(self, size):
        self._size = size
        self._parts = {}

    def __len__(self):
        return self._size

    def __getitem__(self, key):
        if not isinstance(key, slice):
            part = self._parts.get(key // self._PART)
            return 0xFF if part is None else part[key % self._PART]
        start, stop, _ = key.indices(self._size)
        number, at = divmod(start, self._PART)
        count = max(0, stop - start)
        if at + count <= self._PART:
            return bytearray(self._parts.get(number, self._BLANK)[at : at + count])
        out = bytearray()
        while len(out) < count:
            out += self._parts.get(number, self._BLANK)[at : at + count - len(out)]
            number += 1
            at = 0
        return out

    def __setitem__(self, key, value):
        if not isinstance(key, slice):
            self._part(key // self._PART)[key % self._PART] = value
            return
        start, stop, _ = key.indices(self._size)
        if stop - start != len(value):
            raise ValueError("other length")
        done = 0
        while done < len(value):
            number, at = divmod(start + done, self._PART)
            piece = bytes(value[done : done + self._PART - at])
            if piece == self._BLANK:
                self._parts.pop(number, None)
            else:
                self._part(number)[at : at + len(piece)] = piece
            done += len(piece)

    def _part(self, number):
        part = self._parts.get(number)
        if part is None:
            part = self._parts[number] = bytearray(self._BLANK)
        return part

    def __bytes__(self):
        return bytes(self[:])

    def used(self):
        """{number of a block of 4 KiB: its bytes} of those that hold anything but 0xFF."""
        return {n: bytes(part) for n, part in sorted(self._parts.items()) if part != self._BLANK}

    def use(self, parts):
        """Hold exactly what `used` gave."""
        self._parts = {number: bytearray(part) for number, part in parts.items()}


class SparseStorage(StorageDevice):
    """A StorageDevice that costs nothing until it is written to; blank is 0xFF."""

    def __init__(self, size, cut=None):
        super().__init__(0, cut)
        self.data = SparseBytes(size)

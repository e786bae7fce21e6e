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
        old = self.data[address : address + len(data)]
        self.write(address, bytes(a & b for a, b in zip(old, data, strict=True)))

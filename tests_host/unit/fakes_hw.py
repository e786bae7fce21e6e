# SPDX-License-Identifier: MIT
"""Small stand-ins for pins and I2C parts, for the three interpreters. No chip behaviour beyond what a test states."""

import micropython

TICKS = 1 << 30


def after(now_ms, ms):
    """The tick `ms` later, as a board's clock would make it."""
    return (now_ms + ms) % TICKS


def without_heap(function, argument):
    """Call with the heap locked: on MicroPython any allocation raises MemoryError. Returns what the call returned."""
    micropython.heap_lock()
    try:
        return function(argument)
    finally:
        micropython.heap_unlock()


class FakePin:
    """level; log: every level that was driven."""

    def __init__(self, level=0, log=None):
        self.level = level
        self.log = log

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
        if self.log is not None:
            self.log.append(level)

    __call__ = value


class FakeI2C:
    """One device: a plain register file. gone: nobody acknowledges. stuck: {register: _} that writes do not change."""

    def __init__(self, address, size):
        self.address = address
        self.regs = bytearray(size)
        self.gone = False
        self.stuck = {}
        self.writes = 0

    def _check(self, address):
        if self.gone or address != self.address:
            raise OSError(19)

    def readfrom_mem_into(self, address, memory, buf, addrsize=8):
        self._check(address)
        for i in range(len(buf)):
            buf[i] = self.regs[memory + i]

    def writeto_mem(self, address, memory, buf, addrsize=8):
        self._check(address)
        self.writes += 1
        for i in range(len(buf)):
            register = memory + i
            if register not in self.stuck:
                self.regs[register] = buf[i]

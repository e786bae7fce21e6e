# SPDX-License-Identifier: MIT
"""ATM90E26 frames: one 24-bit SPI transfer a register, and the LastData protocol that proves each of them.

Source: Atmel-46002B (M90E26 datasheet) 4.1, Atmel-46102B (application note) 4.3. SPI mode 3, at most 136 kHz with a
symmetric clock (tCLH 3.67 us), at most 20 ms of it a call. MISO needs a pull-up: SDO floats while the chip takes an
address.

What a read sends in its two data bytes is chosen so that a flipped R/W bit, which makes a write of it, does no harm:
the value that a writable register should have anyway, 0 to a read-only one, and to LastData the word just received
(so that the evidence is rewritten with itself).
"""

from micropython import const

_LAST_DATA = const(0x06)
_READ_LAST_DATA = const(0x86)
_CS_HIGH_US = const(4)  # tCSH = 30 T + 10 ns = 3.67 us


class Link:
    """mismatches, retries: ints, counters. doubt: what LastData said against the word of the last take(), -1 =
    nothing.
    """

    __slots__ = ("_transfer", "_cs", "_sleep_us", "_tx", "_asked", "_rx", "doubt", "shown", "mismatches", "retries")

    def __init__(self, spi, cs, clock):
        self._transfer = spi.write_readinto
        self._cs = cs
        self._sleep_us = clock.sleep_us
        self._tx = bytearray(3)
        self._asked = bytearray((_READ_LAST_DATA, 0, 0))
        self._rx = bytearray(3)
        self.doubt = -1
        self.shown = -1  # what LastData holds, as far as known
        self.mismatches = 0
        self.retries = 0

    def idle(self):
        """One transfer with nobody selected: some ports set the clock's idle level only then. allocates: no"""
        self._cs(1)
        self._tx[0] = 0xFF
        self._transfer(self._tx, self._rx)

    def read(self, address, filler):
        """One read frame; `filler`: int 0..65535, what its data bytes carry. returns: int 0..65535   allocates: no"""
        tx = self._tx
        rx = self._rx
        cs = self._cs
        tx[0] = 0x80 | address
        tx[1] = filler >> 8
        tx[2] = filler & 0xFF
        cs(0)
        self._transfer(tx, rx)
        cs(1)
        self._sleep_us(_CS_HIGH_US)
        return rx[1] << 8 | rx[2]

    def write(self, address, word):
        """One write frame, not verified. allocates: no"""
        tx = self._tx
        tx[0] = address
        tx[1] = word >> 8
        tx[2] = word & 0xFF
        self._cs(0)
        self._transfer(tx, self._rx)
        self._cs(1)
        self._sleep_us(_CS_HIGH_US)

    def take(self, address):
        """Read a register that clears on reading: never twice. LastData confirms or recovers the word, 2 of 3.

        returns: int 0..65535; `doubt` is then -1, or the word that LastData holds against it (the caller decides:
        the reading may have been damaged, or the evidence). A frame that the chip did not see returns 0: the
        register still has its value.
        allocates: no   source: Atmel-46102B 4.3.1
        """
        word = self.read(address, 0)
        last = self.read(_LAST_DATA, word)
        self.doubt = -1
        if last == word:
            self.shown = word
            return word
        return self._dispute(word, last)

    def sweep(self, addresses, words, others):
        """`take` of several registers, in this order, as one loop: calls would cost more than the frames.

        addresses: bytearray; words, others: lists in which a register has the place of its low four bits: its word, and what
        LastData holds against it, -1 = nothing, of those of which it was asked twice: the caller puts them back to -1.
        returns: bool, it was asked twice of one of them   allocates: no
        """
        tx = self._tx
        asked = self._asked
        rx = self._rx
        cs = self._cs
        transfer = self._transfer
        sleep_us = self._sleep_us
        doubtful = False
        tx[1] = 0
        tx[2] = 0
        for address in addresses:
            tx[0] = 0x80 | address
            cs(0)
            transfer(tx, rx)
            cs(1)
            sleep_us(_CS_HIGH_US)
            high = asked[1] = rx[1]
            low = asked[2] = rx[2]
            cs(0)
            transfer(asked, rx)
            cs(1)
            sleep_us(_CS_HIGH_US)
            word = high << 8 | low
            at = address & 0x0F
            if rx[1] == high and rx[2] == low:
                self.shown = word
            else:
                word = self._dispute(word, rx[1] << 8 | rx[2])
                others[at] = self.doubt
                doubtful = True
            words[at] = word
        return doubtful

    def _dispute(self, word, last):
        self.doubt = -1
        self.mismatches += 1
        self.retries += 1
        again = self.read(_LAST_DATA, word)
        if again not in (word, last):
            self.retries += 1
            third = self.read(_LAST_DATA, word)
            if third in (word, last):
                again = third
        if again == word:
            self.shown = word
            return word
        if word == 0xFFFF and again == self.shown:
            return 0  # LastData has not moved and the line idled: no frame arrived
        self.shown = again
        self.doubt = again
        return word

    def read_checked(self, address):
        """Read a register that may be read again. returns: int 0..65535, -1 after three disagreements   allocates: no"""
        for _ in range(3):
            word = self.read(address, 0)
            if self.read(_LAST_DATA, word) == word:
                return word
            self.mismatches += 1
            self.retries += 1
        return -1

    def holds(self, address, word):
        """True if a writable register has this value, by one of two readings. allocates: no"""
        if self.read(address, word) == word:
            return True
        self.retries += 1
        return self.read(address, word) == word

    def store(self, address, word, readable):
        """Write and verify through LastData, and by reading back where that shows what was written; three tries.

        returns: bool   allocates: no   source: Atmel-46102B 4.3.2
        """
        for _ in range(3):
            self.write(address, word)
            if self.read(_LAST_DATA, word) == word and (not readable or self.holds(address, word)):
                return True
            self.retries += 1
        return False

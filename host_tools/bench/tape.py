# SPDX-License-Identifier: MIT
"""A tape of everything the firmware asked its hardware in a run, with the answers; what a port without a bench replays.

Wrappers around the bench objects of a Hardware record write it; tests_host/benchmarks/tape_player.py plays it to the same
firmware on any MicroPython, where a question that differs from the recorded one ends the run. Outputs that nobody answers
(pins, straps, sleeps, watchdog) are not on the tape. Numbers are little-endian; one record after the other:

    01 PASS   u32 now_ms                                 one poll() begins
    02 TICKS  u32 value                                  clock.ticks_ms() or ticks_us()
    03 PIN    u8 level
    04 SPI    u16 n, n bytes sent, n bytes received      write_readinto
    05 SPIW   u16 n, n bytes                             write
    0A SPIR   u16 n, n bytes received                    readinto
    06 I2CW   u8 errno, u8 address, u16 n, n bytes       writeto
    07 I2CR   u8 errno, u8 address, u16 memory, u16 n, n bytes    readfrom_mem_into (no data after an error)
    09 I2CMW  u8 errno, u8 address, u16 memory, u16 n, n bytes    writeto_mem
    08 SHIFT  three times u16 low, u16 high              see `shift`
    FF END
"""

import struct

PASS, TICKS, PIN, SPI, SPI_WRITE, I2C_WRITE, I2C_READ, SHIFT, I2C_MEM_WRITE, SPI_READ = range(1, 11)
END = 0xFF


class _Through:
    """Everything that is not recorded goes straight to the bench object."""

    def __init__(self, tape, inner):
        self._tape = tape
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)


class _Spi(_Through):
    def write_readinto(self, tx, rx):
        sent = bytes(tx)
        self._inner.write_readinto(tx, rx)
        self._tape.data += struct.pack("<BH", SPI, len(sent)) + sent + bytes(rx)

    def write(self, tx):
        self._inner.write(tx)
        self._tape.data += struct.pack("<BH", SPI_WRITE, len(tx)) + bytes(tx)

    def readinto(self, rx, write=0):
        self._inner.readinto(rx, write)
        self._tape.data += struct.pack("<BH", SPI_READ, len(rx)) + bytes(rx)


class _I2c(_Through):
    def _do(self, head, data_of, call):
        errno = 0
        try:
            call()
        except OSError as error:
            errno = error.args[0]
            raise
        finally:
            self._tape.data += bytes((head[0], errno)) + head[1:] + data_of(errno)

    def writeto(self, address, buf, stop=True):
        head = struct.pack("<BBH", I2C_WRITE, address, len(buf))
        self._do(head, lambda errno: bytes(buf), lambda: self._inner.writeto(address, buf, stop))
        return len(buf)

    def writeto_mem(self, address, memory, buf, addrsize=8):
        head = struct.pack("<BBHH", I2C_MEM_WRITE, address, memory, len(buf))
        call = self._inner.writeto_mem
        self._do(head, lambda errno: bytes(buf), lambda: call(address, memory, buf, addrsize=addrsize))

    def readfrom_mem_into(self, address, memory, buf, addrsize=8):
        head = struct.pack("<BBHH", I2C_READ, address, memory, len(buf))
        self._do(
            head,
            lambda errno: b"" if errno else bytes(buf),
            lambda: self._inner.readfrom_mem_into(address, memory, buf, addrsize=addrsize),
        )


class _Pin(_Through):
    def value(self, level=None):
        if level is not None:
            return self._inner.value(level)
        found = self._inner.value()
        self._tape.data += bytes((PIN, found))
        return found

    __call__ = value


class _Clock(_Through):
    def _note(self, value):
        self._tape.data += struct.pack("<BI", TICKS, value)
        return value

    def ticks_ms(self):
        return self._note(self._inner.ticks_ms())

    def ticks_us(self):
        return self._note(self._inner.ticks_us())


class _Meter(_Through):
    def poll(self, now_ms):
        tape = self._tape
        tape.passes.append(len(tape.data))
        tape.data += struct.pack("<BI", PASS, now_ms)
        return self._inner.poll(now_ms)


class Tape:
    """data: bytearray, the tape. passes: offset of each PASS record."""

    def __init__(self):
        self.data = bytearray()
        self.passes = []

    def wrap(self, hardware):
        """Hardware record -> the same one, every object that answers something recorded."""
        hw = hardware
        hw.spi = [_Spi(self, spi) for spi in hw.spi]
        hw.i2c = _I2c(self, hw.i2c)
        if hw.flash_spi is not None:
            hw.flash_spi = _Spi(self, hw.flash_spi)
        hw.clock = _Clock(self, hw.clock)
        for name in ("button_a", "button_b", "power_fail"):
            setattr(hw, name, _Pin(self, getattr(hw, name)))
        for name in ("main_cover", "terminal_cover", "magnet", "terminal_temperature"):
            setattr(hw, name, _Pin(self, getattr(hw, name)))
        hw.k_feedback = [pin and _Pin(self, pin) for pin in hw.k_feedback]
        hw.k_live = [pin and _Pin(self, pin) for pin in hw.k_live]
        return hw

    def builder(self, build):
        """build: callable(hardware) -> Meter. returns: the same, recorded."""
        return lambda hardware: _Meter(self, build(self.wrap(hardware)))

    def shift(self, chip, front_end, counts):
        """Between two passes: set the energy registers of an ADE9153A model to `counts` (three ints, modulo 2**32), and the
        driver's counters with them, by the way that a processor reset takes: snapshot out, snapshot in."""
        chip.preset_energy(*counts)
        shift_front_end(front_end, [half for count in counts for half in (count & 0xFFFF, count >> 16 & 0xFFFF)])
        self.data += struct.pack("<BIII", SHIFT, *(count & 0xFFFFFFFF for count in counts))

    def ended(self):
        return bytes(self.data) + bytes((END,))

    def save(self, path):
        """Write the tape. path: pathlib.Path."""
        path.write_bytes(self.ended())

    def operations(self, number):
        """Kinds of the records of pass `number` (0..), in order: list of int."""
        at = self.passes[number] + 5
        end = self.passes[number + 1] if number + 1 < len(self.passes) else len(self.data)
        found = []
        data = self.data
        while at < end:
            kind = data[at]
            found.append(kind)
            if kind == SPI:
                at += 3 + 2 * (data[at + 1] | data[at + 2] << 8)
            elif kind in (SPI_WRITE, SPI_READ):
                at += 3 + (data[at + 1] | data[at + 2] << 8)
            elif kind == I2C_WRITE:
                at += 5 + (data[at + 3] | data[at + 4] << 8)
            elif kind == I2C_READ:
                at += 7 + (0 if data[at + 1] else data[at + 5] | data[at + 6] << 8)
            elif kind == I2C_MEM_WRITE:
                at += 7 + (data[at + 5] | data[at + 6] << 8)
            else:
                at += {TICKS: 5, PIN: 2, SHIFT: 13}[kind]
        return found


def shift_front_end(front_end, halves):
    """Let an ADE9153A driver continue from counters of six 16-bit halves (low, high of active, reactive, apparent)."""
    snapshot = bytearray(16)
    front_end.save_snapshot(snapshot, 0)
    for i, half in enumerate(halves):
        snapshot[2 * i] = half & 0xFF
        snapshot[2 * i + 1] = half >> 8
    front_end.load_snapshot(snapshot, 0)

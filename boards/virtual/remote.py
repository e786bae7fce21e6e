# SPDX-License-Identifier: MIT
"""MicroPython's hardware objects, each a name on a bench in another process.

Every object has the names of the part of `machine` or `time` that it stands for; what it is told travels over the
link to host_tools/bench/link.py, which does it on the bench's own objects. No time passes and nothing happens on this
side, so a run has the virtual times that it would have in one process. Pin levels, SPI writes, sleeps, strap calls
and watchdog feeds are posted (link.py), the rest waits for the answer. Nothing is allocated after construction,
OSErrors apart.

    link = Link()
    clock, spi, cs = LinkClock(link), LinkSpi(link, "afe_spi"), LinkPin(link, "afe_cs")
"""

from micropython import const

_PIN_SET = const(0x02)
_PIN_GET = const(0x03)
_SPI_WRITE = const(0x10)
_SPI_READ = const(0x11)
_SPI_EXCHANGE = const(0x12)
_I2C_WRITE = const(0x20)
_I2C_READ = const(0x21)
_I2C_MEM_WRITE = const(0x22)
_I2C_MEM_READ = const(0x23)
_UART_WRITE = const(0x30)
_UART_READ = const(0x31)
_UART_ANY = const(0x32)
_BLOCK_READ = const(0x40)
_BLOCK_WRITE = const(0x41)
_BLOCK_IOCTL = const(0x42)
_SLEEP_MS = const(0x51)
_SLEEP_US = const(0x52)
_FEED = const(0x60)
_CALL = const(0x61)

_TICKS_MASK = const((1 << 30) - 1)
_TICKS_HALF = const(1 << 29)


class LinkClock:
    """The names of `time`, on the bench's clock; ticks wrap at 2**30 as on a 32-bit port."""

    def __init__(self, link):
        self._link = link

    def ticks_ms(self):
        return self._link.ticks_ms()

    def ticks_us(self):
        return self._link.ticks_us()

    def ticks_diff(self, a, b):
        return ((a - b + _TICKS_HALF) & _TICKS_MASK) - _TICKS_HALF

    def ticks_add(self, a, delta):
        return (a + delta) & _TICKS_MASK

    def sleep_ms(self, ms):
        self._link.begin(_SLEEP_MS, 0, 4)
        self._link.put32(ms)

    def sleep_us(self, us):
        self._link.begin(_SLEEP_US, 0, 4)
        self._link.put32(us)


class LinkPin:
    """machine.Pin: `value()`, `value(level)` and the call form. Setting is posted, reading waits for the answer."""

    def __init__(self, link, name):
        self._link = link
        self.handle = link.handles[name]

    def value(self, level=None):
        link = self._link
        if level is None:
            link.begin(_PIN_GET, self.handle, 0)
            link.ask()
            return link.answer()
        link.begin(_PIN_SET, self.handle, 1)
        link.put8(1 if level else 0)
        return None

    def __call__(self, level=None):
        return self.value(level)


class LinkSpi:
    """machine.SPI master. `write` is posted."""

    def __init__(self, link, name):
        self._link = link
        self._handle = link.handles[name]

    def write(self, tx):
        self._link.begin(_SPI_WRITE, self._handle, len(tx))
        self._link.put(tx)

    def readinto(self, rx, fill=0):
        link = self._link
        link.begin(_SPI_READ, self._handle, 3)
        link.put8(fill)
        link.put16(len(rx))
        link.ask()
        link.receive(rx)

    def write_readinto(self, tx, rx):
        link = self._link
        link.begin(_SPI_EXCHANGE, self._handle, len(tx))
        link.put(tx)
        link.ask()
        link.receive(rx)


class LinkI2c:
    """machine.I2C master, 7-bit addresses. raises: OSError with the bench's number on NACK or a stuck bus."""

    def __init__(self, link, name):
        self._link = link
        self._handle = link.handles[name]

    def writeto(self, address, buf, stop=True):
        """Returns the bytes acknowledged."""
        link = self._link
        link.begin(_I2C_WRITE, self._handle, 2 + len(buf))
        link.put8(address)
        link.put8(1 if stop else 0)
        link.put(buf)
        link.ask()
        return link.answer()

    def readfrom_into(self, address, buf, stop=True):
        link = self._link
        link.begin(_I2C_READ, self._handle, 4)
        link.put8(address)
        link.put8(1 if stop else 0)
        link.put16(len(buf))
        link.ask()
        link.receive(buf)

    def writeto_mem(self, address, memory, buf, addrsize=8):
        link = self._link
        link.begin(_I2C_MEM_WRITE, self._handle, 6 + len(buf))
        link.put8(address)
        link.put8(addrsize)
        link.put32(memory)
        link.put(buf)
        link.ask()

    def readfrom_mem_into(self, address, memory, buf, addrsize=8):
        link = self._link
        link.begin(_I2C_MEM_READ, self._handle, 8)
        link.put8(address)
        link.put8(addrsize)
        link.put32(memory)
        link.put16(len(buf))
        link.ask()
        link.receive(buf)


class LinkUart:
    """machine.UART: non-blocking on the bench's side, so `write` takes what the port has room for."""

    def __init__(self, link, name):
        self._link = link
        self._handle = link.handles[name]

    def any(self):
        self._link.begin(_UART_ANY, self._handle, 0)
        self._link.ask()
        return self._link.answer()

    def write(self, buf):
        """Returns the bytes taken, or None when there is no room."""
        link = self._link
        link.begin(_UART_WRITE, self._handle, len(buf))
        link.put(buf)
        link.ask()
        n = link.answer()
        return n if n >= 0 else None

    def readinto(self, buf):
        """Returns the bytes read, or None when there are none."""
        link = self._link
        link.begin(_UART_READ, self._handle, 2)
        link.put16(len(buf))
        link.ask()
        n = link.answer()
        if n > 0:
            link.receive_part(buf, n)
        return n if n >= 0 else None


class LinkBlocks:
    """A block device with MicroPython's extended interface (vfs.AbstractBlockDev, esp32.Partition)."""

    def __init__(self, link, name):
        self._link = link
        self._handle = link.handles[name]

    def readblocks(self, block, buf, offset=0):
        link = self._link
        link.begin(_BLOCK_READ, self._handle, 8)
        link.put16(block)
        link.put32(offset)
        link.put16(len(buf))
        link.ask()
        link.receive(buf)

    def writeblocks(self, block, buf, offset=None):
        """Without an offset the block is erased first; then -1 travels."""
        link = self._link
        link.begin(_BLOCK_WRITE, self._handle, 6 + len(buf))
        link.put16(block)
        link.put32(-1 if offset is None else offset)
        link.put(buf)
        link.ask()

    def ioctl(self, op, arg):
        link = self._link
        link.begin(_BLOCK_IOCTL, self._handle, 5)
        link.put8(op)
        link.put32(arg or 0)
        link.ask()
        return link.answer()


class LinkWatchdog:
    """machine.WDT. `feed` is posted."""

    def __init__(self, link, name):
        self._link = link
        self._handle = link.handles[name]

    def feed(self):
        self._link.begin(_FEED, self._handle, 0)


class LinkCall:
    """A function of the bench called with a pin and a level, posted (the strap of a front end in reset)."""

    def __init__(self, link, name):
        self._link = link
        self._handle = link.handles[name]

    def __call__(self, pin, level):
        link = self._link
        link.begin(_CALL, self._handle, 2)
        link.put8(pin.handle)
        link.put8(255 if level is None else 1 if level else 0)

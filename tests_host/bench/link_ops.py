# SPDX-License-Identifier: MIT
"""One sequence of hardware operations, run by test_link.py on the bench's objects and, in MicroPython, over the link.

Everything read back goes to `report(tag, bytes)`, so the two runs can be compared byte for byte.
"""


class Board:
    """The objects under test, whichever world they come from."""

    PARTS = ("spi", "cs", "i2c", "led", "key", "uart", "blocks", "watchdog", "strap")

    def __init__(self, clock, parts, wait, report):
        """parts: the objects, in the order of PARTS."""
        self.clock = clock
        self.spi, self.cs, self.i2c, self.led, self.key, self.uart, self.blocks, self.watchdog, self.strap = parts
        self.wait = wait
        self.report = report


def _number(value):
    return bytes((value & 0xFF, (value >> 8) & 0xFF, (value >> 16) & 0xFF, (value >> 24) & 0xFF))


def run(board):
    clock = board.clock
    report = board.report
    report(1, _number(clock.ticks_ms()) + _number(clock.ticks_us()))
    _spi(board)
    report(2, _number(clock.ticks_us()))
    _i2c(board)
    report(3, _number(clock.ticks_us()))
    board.led(1)
    clock.sleep_us(250)
    board.led(0)
    clock.sleep_ms(3)
    board.led.value(1)
    board.led.value(1)  # no edge
    board.strap(board.led, 0)
    report(4, bytes((board.key(), board.key.value(), board.led.value())))
    board.watchdog.feed()
    _uart(board)
    _blocks(board)
    for ms in (1, 70, 4930):  # the last one crosses the wrap at 2**30
        before = clock.ticks_ms()
        board.wait(ms)
        after = clock.ticks_ms()
        report(5, _number(before) + _number(after) + _number(clock.ticks_diff(after, before)))


def _spi(board):
    rx = bytearray(4)
    board.cs(0)
    board.spi.write(b"\x01\x02")
    board.spi.write_readinto(b"\x10\x20\x30\x40", rx)
    board.report(10, rx)
    board.spi.readinto(rx, 0x5A)
    board.cs(1)
    board.report(10, rx)
    board.spi.readinto(rx)  # nobody selected
    board.report(10, rx)
    long = bytearray(600)
    for at in range(600):
        long[at] = at & 0xFF
    answer = bytearray(600)
    board.cs(0)
    board.spi.write(long)
    board.spi.write_readinto(memoryview(long)[100:500], memoryview(answer)[:400])
    board.cs(1)
    board.report(11, answer)


def _i2c(board):
    i2c = board.i2c
    rx = bytearray(3)
    board.report(20, _number(i2c.writeto(0x50, b"\x00\x04hello")))
    i2c.writeto(0x50, b"\x00\x05", False)
    i2c.readfrom_into(0x50, rx)
    board.report(20, rx)
    i2c.writeto_mem(0x50, 0x0123, b"abc", addrsize=16)
    i2c.readfrom_mem_into(0x50, 0x0123, rx, addrsize=16)
    board.report(20, rx)
    for attempt in (_nobody, _full):
        try:
            attempt(i2c)
        except OSError as error:
            board.report(21, bytes((error.args[0],)))
        else:
            board.report(22, b"")


def _nobody(i2c):
    i2c.readfrom_into(0x33, bytearray(1))


def _full(i2c):
    i2c.writeto(0x50, b"\x07\xff12345")  # the device ends at 0x800


def _uart(board):
    rx = bytearray(8)
    uart = board.uart
    board.report(30, bytes((uart.any(),)))
    assert uart.readinto(rx) is None
    board.report(30, bytes((uart.write(b"0123456789"),)))
    assert uart.write(b"x") is None
    board.report(30, bytes((uart.any(), uart.readinto(rx), uart.any())) + rx)


def _blocks(board):
    blocks = board.blocks
    rx = bytearray(300)
    board.report(40, _number(blocks.ioctl(4, 0)) + _number(blocks.ioctl(5, 0)))
    blocks.writeblocks(1, b"\xa5" * 512)
    blocks.writeblocks(1, b"\x00\x01", 510)
    blocks.readblocks(1, rx, 212)
    board.report(41, rx)

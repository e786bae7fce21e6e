# SPDX-License-Identifier: MIT
"""What test_link.py runs in the MicroPython process. The first argument names the function."""

import gc
import sys

import link_ops
import micropython
from virtual import link as connection
from virtual import remote


def board(link):
    kinds = {
        "spi": remote.LinkSpi,
        "i2c": remote.LinkI2c,
        "uart": remote.LinkUart,
        "blocks": remote.LinkBlocks,
        "watchdog": remote.LinkWatchdog,
        "strap": remote.LinkCall,
    }
    parts = [kinds.get(name, remote.LinkPin)(link, name) for name in link_ops.Board.PARTS]
    return link_ops.Board(remote.LinkClock(link), parts, link.wait, link.report)


def ops(link):
    link_ops.run(board(link))
    link.log("done: " + link.config["name"])


def steady(link, count="200"):
    """Every operation of a pass, with the heap locked."""
    b = board(link)
    tx = bytearray(range(16))
    rx = bytearray(16)
    page = bytearray(512)
    ms = 1
    micropython.heap_lock()
    for _ in range(int(count)):
        b.cs(0)
        b.spi.write(tx)
        b.spi.write_readinto(tx, rx)
        b.spi.readinto(rx)
        b.spi.write_readinto(page, page)
        b.cs(1)
        b.i2c.writeto(0x50, tx)
        b.i2c.readfrom_into(0x50, rx)
        b.i2c.writeto_mem(0x50, 0x100, rx, 16)
        b.i2c.readfrom_mem_into(0x50, 0x100, page, 16)
        b.uart.write(tx)
        b.uart.readinto(rx)
        b.uart.any()
        b.blocks.readblocks(0, rx, 4)
        b.blocks.writeblocks(0, page, 0)
        b.led.value(1)
        b.key.value()
        b.clock.ticks_diff(b.clock.ticks_ms(), b.clock.ticks_us())
        b.clock.sleep_us(10)
        b.clock.sleep_ms(1)
        b.watchdog.feed()
        b.report(1, rx)
        link.wait(ms)
    micropython.heap_unlock()


def heap(link):
    """Reports the size of the heap."""
    size = gc.mem_free() + gc.mem_alloc()
    link.report(1, bytes((size & 0xFF, size >> 8 & 0xFF, size >> 16)))


def throughput(link, count):
    """count: str, blocking operations; each takes three posted ones with it."""
    b = board(link)
    tx = bytearray(8)
    rx = bytearray(8)
    for _ in range(int(count)):
        b.cs(0)
        b.spi.write_readinto(tx, rx)
        b.cs(1)
        b.led(1)


def forever(link):
    """Posts, waits and survives everything an application can catch."""
    b = board(link)
    while True:
        try:
            b.led(1)
            link.wait(10)
            b.led(0)
            if link.request:
                link.report(9, bytes((link.request,)))
        except Exception:
            pass


def store(link):
    """Writes eight bytes to the block device, then says that it lived."""
    board(link).blocks.writeblocks(0, b"12345678", 0)
    link.log("lived")


def dies(link):
    link.wait(1)
    link.log("last words")
    raise ValueError("on purpose")


def hangs(link):
    link.wait(1)
    while True:
        pass


def talks_nonsense(link):
    link.begin(0xEE, 0, 0)
    link.ask()


globals()[sys.argv[1]](connection.Link(), *sys.argv[2:])

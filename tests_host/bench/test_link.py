# SPDX-License-Identifier: MIT
"""The link against real MicroPython processes: same values and times as in one process, and every way it can end."""

import os
import pathlib
import time

import link_ops
import pytest

from host_tools.bench.bus import I2cBus, Pin, SpiBus
from host_tools.bench.clock import VirtualClock
from host_tools.bench.link import LinkError, LinkServer
from host_tools.bench.storage import PowerCut, StorageDevice
from host_tools.bench.world import McuReset

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests_host/bench/link_firmware.py"


class EchoSpi:
    """Answers each byte inverted."""

    def select(self, level):
        pass

    def exchange(self, mosi):
        return bytes(b ^ 0xFF for b in mosi)


class Memory:
    """I2C memory of 2 KiB with two address bytes; acknowledges no byte behind its end."""

    def __init__(self):
        self.data = bytearray(2048)
        self.at = 0

    def start(self):
        return True

    def write(self, data):
        self.at = data[0] << 8 | data[1]
        room = data[2 : 2 + len(self.data) - self.at]
        self.data[self.at : self.at + len(room)] = room
        return 2 + len(room)

    def read(self, n):
        return self.data[self.at : self.at + n]


class LoopedUart:
    """A port with a buffer of eight bytes and its output wired to its input."""

    def __init__(self):
        self.buffer = bytearray()

    def any(self):
        return len(self.buffer)

    def write(self, data):
        taken = data[: 8 - len(self.buffer)]
        self.buffer += taken
        return len(taken) or None

    def readinto(self, buf):
        n = min(len(buf), len(self.buffer))
        buf[:n] = self.buffer[:n]
        del self.buffer[:n]
        return n or None


class Blocks:
    """Four blocks of 512 bytes on a device that can be cut."""

    def __init__(self):
        self.device = StorageDevice(2048)

    def readblocks(self, block, buf, offset=0):
        at = block * 512 + offset
        buf[:] = self.device.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        self.device.write(block * 512 + offset, buf)

    def ioctl(self, op, arg):
        return {4: 4, 5: 512}[op]


class Watchdog:
    def __init__(self, trace):
        self.trace = trace

    def feed(self):
        self.trace("feed")


class Bench:
    """A small world that notes when the firmware's outputs moved."""

    def __init__(self):
        self.clock = VirtualClock()
        self.trace = []  # (now_us, what)
        self.reports = []  # (tag, bytes)
        self.lines = []
        self.on_wait = None
        spi = SpiBus(self.clock, 1_000_000, call_overhead_us=20)
        i2c = I2cBus(self.clock, call_overhead_us=50)
        i2c.attach(0x50, Memory())
        self.blocks = Blocks()
        self.objects = {
            "spi": spi,
            "cs": spi.attach(EchoSpi()),
            "i2c": i2c,
            "led": Pin(0, self.note),
            "key": Pin(1),
            "uart": LoopedUart(),
            "blocks": self.blocks,
            "watchdog": Watchdog(self.note),
            "strap": lambda pin, level: pin.value(level),
        }

    def note(self, what):
        self.trace.append((self.clock.now_us, what))

    def report(self, tag, data):
        self.reports.append((tag, bytes(data)))

    def wait(self, ms):
        self.clock.sleep_ms(ms)
        if self.on_wait is not None:
            self.on_wait()

    def server(self, *arguments, **options):
        return LinkServer(
            self.objects,
            self.clock,
            self.wait,
            SCRIPT,
            arguments,
            path=(ROOT / "firmware", ROOT / "boards", ROOT / "tests_host/bench"),
            on_report=self.report,
            on_log=self.lines.append,
            config={"name": "echo"},
            **options,
        )

    def run(self, *arguments, **options):
        with self.server(*arguments, **options) as link:
            link.start()
            assert link.serve() == 0
        return link


def in_process():
    """The same operations on the bench's objects themselves."""
    bench = Bench()
    parts = [bench.objects[name] for name in link_ops.Board.PARTS]
    link_ops.run(link_ops.Board(bench.clock, parts, bench.wait, bench.report))
    return bench


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_same_values_and_times_as_in_process():
    one = in_process()
    other = Bench()
    other.run("ops")
    assert other.reports == one.reports
    assert other.trace == one.trace
    assert other.clock.now_us == one.clock.now_us
    assert other.lines == ["done: echo"]


def test_values():
    bench = Bench()
    bench.run("ops")
    read = {}
    for tag, data in bench.reports:
        read.setdefault(tag, []).append(data)
    assert read[10] == [b"\xef\xdf\xcf\xbf", b"\xa5" * 4, b"\xff" * 4]
    inverted = bytes(at & 0xFF ^ 0xFF for at in range(100, 500))
    assert read[11] == [inverted + bytes(200)]
    assert read[20] == [b"\x07\0\0\0", b"ell", b"abc"]
    assert read[21] == [b"\x13", b"\x13"]  # ENODEV twice: nobody there, byte not acknowledged
    assert 22 not in read
    assert read[4] == [b"\x01\x01\x00"]
    assert read[30] == [b"\0", b"\x08", b"\x08\x08\x0001234567"]
    assert read[40] == [b"\x04\0\0\0\x00\x02\0\0"]
    assert read[41] == [b"\xa5" * 298 + b"\x00\x01"]


def test_posted_edges_keep_their_times():
    bench = Bench()
    bench.run("ops")
    # SPI at 1 MHz, 8 us a byte and 20 us a call: 2 + 4 + 4 + 4 + 600 + 400 bytes in six calls.
    spi_us = (2 + 4 + 4 + 4 + 600 + 400) * 8 + 6 * 20
    # I2C at 400 kHz, 9 bits a byte and 2 for start and stop, 50 us a call; bytes on the wire with the address:
    i2c_us = sum((n * 9 + 2) * 1_000_000 // 400_000 + 50 for n in (8, 3, 4, 6, 7, 2, 8))
    rise = spi_us + i2c_us
    fall = rise + 250
    assert bench.trace == [(rise, 1), (fall, 0), (fall + 3000, 1), (fall + 3000, 0), (fall + 3000, "feed")]
    wait = [data for tag, data in bench.reports if tag == 5]
    assert [int.from_bytes(data[8:], "little") for data in wait] == [1, 70, 4930]
    before, after = (int.from_bytes(wait[2][at : at + 4], "little") for at in (0, 4))
    assert after < 4930 and before == after - 4930 + (1 << 30)  # across the wrap


def test_steady_operations_allocate_nothing():
    bench = Bench()
    bench.run("steady")
    assert len(bench.reports) == 200


def test_heap_size_is_the_boards():
    bench = Bench()
    bench.run("heap", heapsize="160k")
    size = int.from_bytes(bench.reports[0][1], "little")
    assert 150 * 1024 < size <= 160 * 1024  # the allocation table takes a little


def test_throughput(capsys):
    bench = Bench()
    start = time.monotonic()
    link = bench.run("throughput", 2000)
    wall_s = time.monotonic() - start
    assert link.replies >= 2000
    assert link.messages == 1 + 4 * 2000
    with capsys.disabled():
        print(
            f"\nlink: {link.messages / wall_s:.0f} messages/s, {link.replies / wall_s:.0f} of them answered, with start"
        )


def test_request_comes_with_the_wait():
    bench = Bench()
    link = bench.server("forever")
    waits = []

    def on_wait():
        waits.append(bench.clock.now_us)
        if len(waits) == 3:
            link.request(7)
        if len(waits) == 6:
            raise McuReset(2)

    bench.on_wait = on_wait
    with link, pytest.raises(McuReset):
        link.start()
        link.serve()
    assert bench.reports == [(9, b"\x07")]  # once only


def test_death_of_the_firmware_is_told_with_its_traceback():
    bench = Bench()
    with bench.server("dies") as link:
        link.start()
        with pytest.raises(LinkError, match="(?s)died.*exit code 1.*ValueError: on purpose"):
            link.serve()
    assert bench.lines == ["last words"]  # what it had posted before still happened


def test_death_before_it_connects():
    with Bench().server("no_such_function") as link, pytest.raises(LinkError, match="(?s)exit code 1.*KeyError"):
        link.start()


def test_silence_counts_as_hung():
    with Bench().server("hangs", silence_s=0.3) as link:
        link.start()
        pid = link._process.pid
        with pytest.raises(LinkError, match="fell silent"):
            link.serve()
    assert not is_running(pid)


def test_nonsense_is_refused():
    with Bench().server("talks_nonsense") as link:
        link.start()
        with pytest.raises(LinkError, match="operation 0xee"):
            link.serve()


def test_a_stranger_is_refused():
    with Bench().server("ops") as link:
        link.start()
        link._token = b"another"
        with pytest.raises(LinkError, match="not the process that was started"):
            link.serve()


def test_an_exception_of_the_bench_kills_the_firmware_at_that_operation():
    bench = Bench()
    bench.blocks.device.cut.remaining = 5
    with bench.server("store") as link:
        link.start()
        pid = link._process.pid
        with pytest.raises(PowerCut):
            link.serve()
        assert not is_running(pid)
        assert bytes(bench.blocks.device.data[:8]) == b"12345\xff\xff\xff"
        assert bench.lines == []
        # Supply back: the same server boots the firmware again, on the storage as it was left.
        bench.blocks.device.cut.remaining = None
        link.start()
        assert link.serve() == 0
    assert bytes(bench.blocks.device.data[:8]) == b"12345678"
    assert bench.lines == ["lived"]


def test_run_boots_again_after_a_reset():
    bench = Bench()
    waits = []

    def on_wait():
        waits.append(1)
        if len(waits) % 2 == 0:
            raise McuReset(1)

    bench.on_wait = on_wait
    causes = []

    def on_reset(error):
        causes.append(error.cause)
        return len(causes) < 3

    with bench.server("forever") as link, pytest.raises(McuReset):
        link.run(on_reset)
    assert causes == [1, 1, 1]
    assert len(waits) == 6


def test_the_firmware_ends_when_the_bench_goes():
    bench = Bench()
    link = bench.server("forever")

    def on_wait():
        link._sock.close()

    bench.on_wait = on_wait
    link.start()
    process = link._process
    with pytest.raises(OSError):
        link.serve()
    assert process.returncode is not None

# SPDX-License-Identifier: MIT
"""ADE9153A driver against a scripted SPI: frames, CRC, differences of the counters, retries.

Frames and values: ADE9153A data sheet Rev. 0, p. 30 and Table 8; CRC vectors computed with the shift register of the
ADE9078 data sheet Rev. 0, p. 64.
"""

from drivers import ade9153a, ade9153a_frames, ade9153a_regs

ENERGY, QUANTITIES, RESTARTED, DOWN, SUSPECT = 1, 2, 4, 8, 16


def crc16(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


class FakeSpi:
    """Registers as bytes; `answers[i]`, if there, replaces the i-th MISO frame, `headers[i]` what the chip understood."""

    def __init__(self):
        self.registers = {}
        self.sent = []
        self.answers = {}
        self.headers = {}
        self.last = 0
        self.selected = False
        self.count = 0

    def cs(self, level):
        assert self.selected != (not level)
        self.selected = not level

    def write(self, tx):
        assert self.selected
        self.sent.append(bytes(tx))
        header = tx[0] << 8 | tx[1]
        self.last = header
        self.registers[header >> 4] = bytes(tx[2:])

    def write_readinto(self, tx, rx):
        assert self.selected and len(tx) == len(rx)
        self.sent.append(bytes(tx))
        header = self.headers.get(self.count, tx[0] << 8 | tx[1])
        if header == 0x4AE8:
            data = bytes([self.last >> 8, self.last & 0xFF])
        else:
            self.last = header
            data = self.registers.get(header >> 4, bytes(len(tx) - 4))
        crc = crc16(data)
        answer = b"\xff\xff" + data + bytes([crc >> 8, crc & 0xFF])
        answer = self.answers.get(self.count, answer)
        rx[:] = answer
        self.count += 1


class Clock:
    def sleep_ms(self, ms):
        pass


class Sample:
    def __init__(self):
        self.flags = 0


def rig():
    spi = FakeSpi()
    return spi, ade9153a_frames.Frames(spi, spi.cs)


def running(counters=(0, 0, 0)):
    """A front end that has just adopted a running chip at `counters` (bytes of 4), and its SPI."""
    spi = FakeSpi()
    want = ade9153a_regs.wanted()
    for i in range(0, len(want), 3):
        address, hi, lo = want[i], want[i + 1], want[i + 2]
        low = bytes([lo >> 8, lo & 0xFF])
        spi.registers[address] = bytes([hi >> 8, hi & 0xFF]) + low if ade9153a_frames.wide(address) else low
    spi.registers[0x402] = b"\0\0\x01\0"
    spi.registers[0x480] = b"\0\x01"
    spi.registers[0x4BF] = b"\0\x01"
    spi.registers[0x472] = b"\x11\x22\x33\x44"
    spi.registers[0x473] = b"\x55\x66\x77\x88"
    front = ade9153a.ADE9153A(spi, spi.cs, None, Clock())
    snapshot = bytearray(16)
    for k in range(3):
        for i in range(4):
            snapshot[4 * k + i] = counters[k][3 - i]
    snapshot[12], snapshot[13] = 0x91, 0x53
    identity = 0x1122 ^ 0x3344 ^ 0x5566 ^ 0x7788
    snapshot[14], snapshot[15] = identity & 0xFF, identity >> 8
    front.load_snapshot(snapshot, 0)
    spi.registers[0x39F], spi.registers[0x3BD], spi.registers[0x3B3] = counters
    sample = Sample()
    now = 0
    while not sample.flags & ENERGY:
        front.read_into(sample, now, False)
        now += 20
        assert now < 400
    assert sample.active_counts == sample.reactive_counts == sample.apparent_counts == 0
    return spi, front, sample, now


ZERO = b"\0\0\0\0"


def deltas(before, after, ms=1000):
    spi, front, sample, now = running(before)
    spi.registers[0x39F], spi.registers[0x3BD], spi.registers[0x3B3] = after
    front.read_into(sample, now + ms, False)
    return sample.flags, sample.active_counts, sample.reactive_counts, sample.apparent_counts


def test_read_frames():
    spi, frames = rig()
    spi.registers[0x242] = b"\x00\x09\x15\x3a"
    assert frames.fetch(0x242)
    assert spi.sent == [b"\x24\x28\0\0\0\0\0\0", b"\x4a\xe8\0\0\0\0"]
    assert (frames.hi, frames.lo) == (0x0009, 0x153A)
    spi.sent = []
    spi.registers[0x481] = b"\x03\x00"
    assert frames.fetch(0x481)
    assert spi.sent == [b"\x48\x18\0\0\0\0", b"\x4a\xe8\0\0\0\0"]
    assert (frames.hi, frames.lo) == (0, 0x0300)


def test_write_frames():
    spi, frames = rig()
    frames.send(0x480, 0, 1)
    frames.send(0x402, 1, 0)
    frames.send(0x000, 0xF000, 0)
    frames.send(0x4BF, 0, 0x3C64)
    assert spi.sent == [
        b"\x48\x00\x00\x01",
        b"\x40\x20\x00\x01\x00\x00",
        b"\x00\x00\xf0\x00\x00\x00",
        b"\x4b\xf0\x3c\x64",
    ]


def test_crc_vectors_are_accepted_and_others_are_not():
    for data, crc in (
        (b"\x00\x00\x00\x00", b"\x84\xc0"),
        (b"\xff\xff\xff\xff", b"\x1d\x0f"),
        (b"\x00\x09\x15\x3a", b"\x71\xce"),
        (b"\x00\x01\x00\x00", b"\xb3\xf0"),
        (b"\x00\x45\xd4\x50", b"\xf1\x8b"),
        (b"\xf0\x00\x00\x00", b"\x1b\x8d"),
        (b"\x12\x34\x56\x78", b"\x30\xec"),
        (b"\xff\xe9\x78\x89", b"\x70\x92"),
    ):
        spi, frames = rig()
        spi.answers[0] = b"\0\0" + data + crc
        assert frames.fetch(0x203) and frames.crc_errors == 0
        spi, frames = rig()
        spi.answers[0] = b"\0\0" + data + bytes([crc[0], crc[1] ^ 1])
        assert frames.fetch(0x203) and frames.crc_errors == 1
    for data, crc in ((b"\x00\x05", b"\x4d\xaa"), (b"\xff\xff", b"\x00\x00"), (b"\x0c\x00", b"\x58\x62")):
        spi, frames = rig()
        spi.answers[0] = b"\0\0" + data + crc
        assert frames.fetch(0x491) and frames.crc_errors == 0


def test_flipped_address_is_noticed():
    spi, frames = rig()
    spi.registers[0x203] = b"\x01\x05\xb0\x5b"
    spi.registers[0x202] = b"\x00\x11\x22\x33"
    spi.headers[0] = 0x2028
    assert frames.fetch(0x203)
    assert (frames.hi, frames.lo) == (0x0105, 0xB05B)
    assert (frames.address_errors, frames.crc_errors, frames.retries) == (1, 0, 1)


def test_three_tries_then_no():
    spi, frames = rig()
    for i in range(3):
        spi.answers[i] = b"\xff" * 8
    assert not frames.fetch(0x203)
    assert frames.crc_errors == 3 and frames.failure == ade9153a_frames.HIGH
    spi, frames = rig()
    for i in range(3):
        spi.answers[i] = bytes(8)
    assert not frames.fetch(0x203) and frames.failure == ade9153a_frames.LOW


def test_differences():
    s = b"\x00\x00\x10\x00"
    s2 = b"\x00\x03\x80\x7f"
    assert deltas((ZERO, ZERO, s), (b"\x00\x03\x70\x38", ZERO, s2)) == (ENERGY, 225336, 0, 225407)
    # Import past +2**31, from 0x7FFFFFFF to 0x80000010.
    assert deltas((b"\x7f\xff\xff\xff", ZERO, s), (b"\x80\x00\x00\x10", ZERO, s2)) == (ENERGY, 17, 0, 225407)
    # Past 2**32, and beyond 2**30.
    assert deltas((b"\xff\xff\xff\xf0", ZERO, s), (b"\x00\x00\x00\x10", ZERO, s2)) == (ENERGY, 32, 0, 225407)
    assert deltas((b"\x3f\xff\xff\xff", ZERO, s), (b"\x40\x00\x00\x01", ZERO, s2)) == (ENERGY, 2, 0, 225407)
    # Export, capacitive.
    assert deltas((b"\x00\x01\x00\x00", ZERO, s), (b"\x00\x00\x80\x00", b"\xff\xff\xff\xff", s2)) == (
        ENERGY,
        -32768,
        -1,
        225407,
    )


def test_implausible_differences_stay_in_the_chip():
    big = b"\x00\x80\x00\x00"  # 8.4 million counts: 24 Wh in a second
    assert deltas((ZERO, ZERO, ZERO), (big, ZERO, big))[0] == SUSPECT
    assert deltas((ZERO, ZERO, ZERO), (ZERO, b"\x80\x00\x00\x00", ZERO))[0] == SUSPECT
    # Apparent energy never falls, and no active energy flows without it.
    assert deltas((ZERO, ZERO, b"\x00\x00\x10\x00"), (ZERO, ZERO, b"\x00\x00\x0f\xff"))[0] == SUSPECT
    assert deltas((ZERO, ZERO, ZERO), (b"\x00\x10\x00\x00", ZERO, ZERO))[0] == SUSPECT
    spi, front, sample, now = running((ZERO, ZERO, ZERO))
    spi.registers[0x39F] = spi.registers[0x3B3] = big
    front.read_into(sample, now + 1000, False)
    assert sample.flags == SUSPECT and sample.active_counts == 0 and front.rejects == 1
    front.read_into(sample, now + 5000, False)  # in five seconds it may be
    assert sample.flags == ENERGY and sample.active_counts == 0x800000


def test_read_error_leaves_the_counts():
    spi, front, sample, now = running((ZERO, ZERO, ZERO))
    spi.registers[0x39F] = spi.registers[0x3B3] = b"\x00\x00\x40\x00"
    for i in range(3):
        spi.answers[spi.count + i] = bytes(8)
    front.read_into(sample, now + 100, False)
    assert sample.flags == SUSPECT and sample.active_counts == 0
    front.read_into(sample, now + 200, False)
    assert sample.flags == ENERGY and sample.active_counts == 0x4000


def test_reset_of_the_chip():
    spi, front, sample, now = running((b"\0\x10\0\0", ZERO, b"\0\x10\0\0"))
    spi.registers[0x39F] = spi.registers[0x3B3] = ZERO
    spi.registers[0x402] = b"\0\x01\0\0"
    front.read_into(sample, now + 100, False)
    assert sample.flags == RESTARTED | DOWN and sample.active_counts == 0
    front.read_into(sample, now + 120, False)
    assert sample.flags == DOWN
    snapshot = bytearray(b"\x55" * 16)
    front.save_snapshot(snapshot, 0)
    assert snapshot == bytes(16)


def test_snapshot_round_trip():
    counters = (b"\xf1\x23\x45\x67", b"\x80\x00\x00\x01", b"\x40\x00\x00\x00")
    spi, front, sample, now = running(counters)
    snapshot = bytearray(18)
    front.save_snapshot(snapshot, 2)
    assert bytes(snapshot[2:14]) == b"\x67\x45\x23\xf1\x01\x00\x00\x80\x00\x00\x00\x40"
    assert sample.flags == ENERGY and front.chip_id == b"\x11\x22\x33\x44\x55\x66\x77\x88"


def test_quantities():
    spi, front, sample, now = running((ZERO, ZERO, ZERO))
    # 230 V, 10 A, 2300 W at 13290.345 nV, 2793.968 nA, 4983.880 uW a code; 50 Hz: 0x4FFFFF (p. 27).
    spi.registers[0x203] = b"\x01\x08\x10\xc3"
    spi.registers[0x202] = b"\x00\x36\x9d\x03"
    spi.registers[0x204] = b"\xff\xf8\xf5\x50"  # -461488: export
    spi.registers[0x207] = b"\x00\x07\x0a\xb0"
    spi.registers[0x206] = b"\x00\x07\x0a\xb0"
    spi.registers[0x418] = b"\x00\x4f\xff\xff"
    front.read_into(sample, now + 100, True)
    assert sample.flags & QUANTITIES
    assert abs(sample.rms_voltage_mv - 230_000) <= 11
    assert abs(sample.rms_current_ma - 10_000) <= 1
    assert abs(sample.active_power_mw + 2_300_000) <= 115
    assert abs(sample.reactive_power_mvar - 2_300_000) <= 115
    assert sample.power_factor_x1000 == -1000
    assert sample.frequency_hz_x1000 == 50_000
    spi.registers[0x418] = b"\x00\x42\xaa\xa9"  # 60 Hz
    front.read_into(sample, now + 200, True)
    assert sample.frequency_hz_x1000 in (59_999, 60_000)
    spi.registers[0x203] = b"\x00\x30\x00\x00"  # 41.8 V: dead, APERIOD means nothing
    front.read_into(sample, now + 300, True)
    assert sample.frequency_hz_x1000 == 0


def test_calibration_record():
    front = ade9153a.ADE9153A(FakeSpi(), None, None, Clock())
    front.configure(None)
    good = b"\x28\xdb\x1c\x00" + b"\xa4\x0a\xef\xff" + bytes(24)
    front.configure(good)
    want = ade9153a_regs.wanted()
    assert ade9153a_regs.calibrate(want, good)
    assert (want[0], want[1], want[2]) == (0x000, 0x001C, 0xDB28)
    assert (want[3], want[4], want[5]) == (0x002, 0xFFEF, 0x0AA4)
    assert ade9153a_regs.calibrate(want, b"\x00\x00\x00\xf0" + bytes(28))  # inverted shunt: gain -1
    for bad in (b"", bytes(31), b"\0\0\0\x40" + bytes(28), bytes(4) + b"\0\0\0\xf0" + bytes(24)):
        try:
            front.configure(bad)
        except ade9153a.ADE9153AError as e:
            assert e.code == ade9153a.BAD_RECORD
        else:
            raise AssertionError("accepted")

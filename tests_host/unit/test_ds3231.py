# SPDX-License-Identifier: MIT
"""DS3231 driver on a plain register file. Layout and BCD by hand from the datasheet, figure 1."""

from drivers import ds3231
from fakes_hw import FakeI2C, without_heap


class Part(FakeI2C):
    """Register file with the one rule a driver has to know: in the status, OSF and alarm flags can only be cleared."""

    def writeto_mem(self, address, memory, buf, addrsize=8):
        flags = self.regs[0x0F] & 0x83
        FakeI2C.writeto_mem(self, address, memory, buf)
        if memory == 0x0F and memory not in self.stuck:
            self.regs[0x0F] = (buf[0] & 0x7C) | (flags & buf[0])


def part():
    """A part that keeps time: 2035-12-31 23:59:58, Monday = 1."""
    i2c = Part(0x68, 0x13)
    i2c.regs[:7] = b"\x58\x59\x23\x01\x31\x12\x35"
    i2c.regs[0x0E] = 0x1C
    i2c.regs[0x0F] = 0x08
    return i2c


def code_of(call, *arguments):
    try:
        call(*arguments)
    except ds3231.DS3231Error as error:
        return error.code
    return 0


def test_reads_the_time():
    fields = [0] * 6
    assert ds3231.DS3231(part()).read_into(fields) is True
    assert fields == [2035, 12, 31, 23, 59, 58]


def test_century_bit_is_a_hundred_years():
    i2c = part()
    i2c.regs[5] = 0x80 | 0x12
    fields = [0] * 6
    ds3231.DS3231(i2c).read_into(fields)
    assert fields[0] == 2135


def test_start_sets_control_and_keeps_the_flag():
    i2c = part()
    i2c.regs[0x0F] = 0x88
    rtc = ds3231.DS3231(i2c)
    assert i2c.regs[0x0E] == 0x04 and i2c.regs[0x0F] & 0x88 == 0x80
    assert rtc.read_into([0] * 6) is False


def test_oscillator_stop_makes_the_time_invalid_until_written():
    i2c = part()
    i2c.regs[0x0F] = 0x80
    rtc = ds3231.DS3231(i2c)
    fields = [0] * 6
    assert rtc.read_into(fields) is False and fields[0] == 2035
    rtc.write([2024, 2, 29, 7, 8, 9])
    assert bytes(i2c.regs[:7]) == b"\x09\x08\x07\x01\x29\x02\x24"
    assert rtc.read_into(fields) is True and fields == [2024, 2, 29, 7, 8, 9]


def test_impossible_dates_are_not_believed():
    for register, value in (
        (0, 0x5A),  # not BCD
        (0, 0x60),
        (1, 0x80),
        (2, 0x24),
        (2, 0x52),  # 12-hour mode
        (3, 0x00),
        (4, 0x00),
        (4, 0x32),
        (5, 0x13),
        (5, 0x00),
        (5, 0x4C),
        (6, 0xA0),
        (6, 0x1F),
    ):
        i2c = part()
        rtc = ds3231.DS3231(i2c)
        i2c.regs[register] = value
        fields = [7] * 6
        assert rtc.read_into(fields) is False, (register, value)
        assert fields == [7] * 6 and rtc.rejects == 1


def test_days_of_the_months():
    for month, day, year, good in (
        (2, 0x29, 0x24, True),
        (2, 0x29, 0x23, False),
        (4, 0x31, 0x24, False),
        (9, 0x30, 0x24, True),
        (0x11, 0x31, 0x24, False),
    ):
        i2c = part()
        i2c.regs[4:7] = bytes((day, month, year))
        assert ds3231.DS3231(i2c).read_into([0] * 6) is good, (month, day)


def test_impossible_fields_are_not_written():
    rtc = ds3231.DS3231(part())
    for fields in (
        [1999, 1, 1, 0, 0, 0],
        [2100, 1, 1, 0, 0, 0],
        [2023, 2, 29, 0, 0, 0],
        [2023, 13, 1, 0, 0, 0],
        [2023, 1, 1, 24, 0, 0],
        [2023, 1, 1, 0, 60, 0],
        [2023, 1, 1, 0, 0, -1],
        [2023, 1, 100, 0, 0, 0],
    ):
        assert code_of(rtc.write, fields) == ds3231.ERROR_FIELDS, fields


def test_a_write_that_does_not_hold_is_an_error_and_leaves_the_flag():
    i2c = part()
    i2c.regs[0x0F] = 0x80
    rtc = ds3231.DS3231(i2c)
    i2c.stuck = {4: 0}
    assert code_of(rtc.write, [2024, 2, 28, 0, 0, 0]) == ds3231.ERROR_WRITE
    assert i2c.regs[0x0F] & 0x80


def test_a_flag_that_comes_back_is_a_stopped_oscillator():
    i2c = part()
    i2c.regs[0x0F] = 0x80
    rtc = ds3231.DS3231(i2c)
    i2c.stuck = {0x0F: 0}
    assert code_of(rtc.write, [2024, 2, 28, 0, 0, 0]) == ds3231.ERROR_STOPPED


def test_proves_the_part():
    i2c = part()
    i2c.gone = True
    assert code_of(ds3231.DS3231, i2c) == ds3231.ERROR_BUS
    i2c = part()
    i2c.regs[0x12] = 0xFF
    assert code_of(ds3231.DS3231, i2c) == ds3231.ERROR_NOT_DS3231
    i2c = part()
    i2c.stuck = {0x0E: 0}
    assert code_of(ds3231.DS3231, i2c) == ds3231.ERROR_WRITE


def test_two_reads_must_agree():
    class Noisy(Part):
        reads = 0
        noisy = 0

        def readfrom_mem_into(self, address, memory, buf, addrsize=8):
            FakeI2C.readfrom_mem_into(self, address, memory, buf)
            self.reads += 1
            if self.noisy and len(buf) == 16:
                self.noisy -= 1
                buf[2] ^= 1 << (self.noisy & 3)  # the hour, another bit each time

    i2c = Noisy(0x68, 0x13)
    i2c.regs[:7] = b"\x58\x59\x12\x01\x31\x12\x35"
    rtc = ds3231.DS3231(i2c)
    fields = [0] * 6
    i2c.noisy = 3  # two pairs spoiled, the third is clean
    assert rtc.read_into(fields) is True and fields[3] == 12
    i2c.noisy = 6
    assert code_of(rtc.read_into, fields) == ds3231.ERROR_NOISE


def test_temperature_and_aging_are_signed():
    # Datasheet, Temperature Registers: 00011001 01 = +25.25 C
    i2c = part()
    rtc = ds3231.DS3231(i2c)
    i2c.regs[0x11:0x13] = b"\x19\x40"
    assert rtc.temperature_c_x4() == 101
    i2c.regs[0x11:0x13] = b"\xf5\xc0"  # -10.25 C
    assert rtc.temperature_c_x4() == -41
    rtc.set_aging(-3)
    assert i2c.regs[0x10] == 0xFD and rtc.aging() == -3
    assert code_of(rtc.set_aging, 128) == ds3231.ERROR_FIELDS


def test_reading_and_writing_allocate_nothing():
    i2c = part()
    rtc = ds3231.DS3231(i2c)
    fields = [0] * 6
    assert without_heap(rtc.read_into, fields) is True
    without_heap(rtc.write, fields)
    assert bytes(i2c.regs[:3]) == b"\x58\x59\x23"


def test_mark_of_the_last_moment_with_power():
    i2c = part()
    rtc = ds3231.DS3231(i2c)
    fields = [0, 0]
    assert rtc.mark_into(fields) is False  # a new part: zeros
    before = bytes(i2c.regs[:7]) + bytes(i2c.regs[14:])
    rtc.write_mark(9855, 86_399)
    assert rtc.mark_into(fields) and fields == [9855, 86_399]
    assert bytes(i2c.regs[:7]) + bytes(i2c.regs[14:]) == before  # time and control are left alone
    fields = [0] * 6
    assert rtc.read_into(fields) is True


def test_mark_that_the_power_ended_is_none():
    i2c = part()
    rtc = ds3231.DS3231(i2c)
    old = bytearray(7)
    rtc.write_mark(9855, 40_000)
    old[:] = i2c.regs[7:14]
    rtc.write_mark(9855, 40_001)
    new = bytes(i2c.regs[7:14])
    for cut in range(1, 7):
        i2c.regs[7:14] = new[:cut] + bytes(old[cut:])
        fields = [0, 0]
        # Old, new, or none: never a third time.
        assert not rtc.mark_into(fields) or fields in ([9855, 40_000], [9855, 40_001])
    for byte in (0x00, 0xFF):
        i2c.regs[7:14] = bytes([byte] * 7)
        assert rtc.mark_into([0, 0]) is False


def test_mark_allocates_nothing():
    i2c = part()
    rtc = ds3231.DS3231(i2c)

    def mark(rtc):
        rtc.write_mark(13_000, 86_399)
        return True

    assert without_heap(mark, rtc) and rtc.mark_into([0, 0])

# SPDX-License-Identifier: MIT
"""drivers.pcf85176 against transfers put together by hand from the NXP datasheet's command table."""

from drivers.pcf85176 import BUS_FAULT, NOT_ANSWERING, PCF85176, PCF85176Error
from micropython import heap_lock, heap_unlock

# device-select 0, bank-select 0, blink off, mode-set 1:4 1/3 bias E = 0, pointer 0, 20 bytes = 40 columns; then
# mode-set E = 1.
INIT = bytes([0xE0, 0xF8, 0xF0, 0xC0, 0x00]) + bytes(20)
SWITCH_ON = bytes([0x48])
# device-select 0, mode-set E = 1, pointer 0.
REFRESH = bytes([0xE0, 0xC8, 0x00])


class Bus:
    def __init__(self):
        self.sent = []
        self.error = None

    def writeto(self, address, data):
        if self.error is not None:
            raise self.error
        self.sent.append((address, bytes(data)))

    def take(self):
        sent = self.sent
        self.sent = []
        return sent


def refresh(frame):
    return (0x38, REFRESH + bytes(frame) + bytes(4))


def code_of(call, *arguments):
    try:
        call(*arguments)
    except PCF85176Error as error:
        return error.code
    return None


def test_start():
    bus = Bus()
    lcd = PCF85176(bus)
    assert bus.take() == []
    lcd.start()
    assert bus.take() == [(0x38, INIT), (0x38, SWITCH_ON)]


def test_second_address():
    bus = Bus()
    PCF85176(bus, 0x39).start()
    assert [address for address, _ in bus.take()] == [0x39, 0x39]


def test_write_sends_all_when_something_changed():
    bus = Bus()
    lcd = PCF85176(bus)
    lcd.start()
    bus.take()
    frame = bytearray(16)
    lcd.write(frame)
    assert bus.take() == []  # start() has cleared it
    frame[0] = 0xED
    frame[15] = 0x80
    lcd.write(frame)
    assert bus.take() == [refresh(frame)]
    lcd.write(frame)
    assert bus.take() == []


def test_periodic_refresh():
    bus = Bus()
    lcd = PCF85176(bus, refresh_writes=3)
    lcd.start()
    bus.take()
    frame = bytearray(16)
    counts = []
    for _ in range(9):
        lcd.write(frame)
        counts.append(len(bus.take()))
    assert counts == [0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_refresh_sends_all_at_once():
    bus = Bus()
    lcd = PCF85176(bus)
    lcd.start()
    frame = bytearray(b"\x5a" * 16)
    lcd.write(frame)
    bus.take()
    lcd.refresh(frame)
    assert bus.take() == [refresh(frame)]
    lcd.write(frame)
    assert bus.take() == []


def test_write_without_start_is_complete():
    bus = Bus()
    lcd = PCF85176(bus)
    lcd.write(bytearray(16))
    assert bus.take() == [refresh(bytes(16))]


def test_no_acknowledge_is_reported_and_made_good():
    bus = Bus()
    lcd = PCF85176(bus)
    bus.error = OSError(19)
    assert code_of(lcd.start) == NOT_ANSWERING
    frame = bytearray(b"\x5a" * 16)
    bus.error = OSError(5)
    assert code_of(lcd.write, frame) == NOT_ANSWERING
    bus.error = None
    lcd.write(frame)  # the same frame: never arrived, so it must be sent
    assert bus.take() == [refresh(frame)]


def test_other_bus_errors_have_their_own_code():
    bus = Bus()
    lcd = PCF85176(bus)
    for number in (110, 116):
        bus.error = OSError(number)
        assert code_of(lcd.write, bytearray(16)) == BUS_FAULT
    bus.error = OSError()
    assert code_of(lcd.start) == BUS_FAULT


class Deaf:
    def writeto(self, address, data):
        pass


def test_writing_allocates_nothing():
    lcd = PCF85176(Deaf(), refresh_writes=3)
    lcd.start()
    frame = bytearray(16)
    heap_lock()
    for n in range(16):
        frame[n] = 0xFF - n
        lcd.write(frame)
        lcd.write(frame)
    heap_unlock()

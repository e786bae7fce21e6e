# SPDX-License-Identifier: MIT
"""MCP23017 driver on a plain register file. Addresses and reset values: datasheet DS20001952, table 3-1 and 3-5."""

from drivers import mcp23017
from fakes_hw import FakeI2C, without_heap


def chip():
    i2c = FakeI2C(0x20, 22)
    i2c.regs[0] = i2c.regs[1] = 0xFF
    return i2c


def code_of(call, *arguments):
    try:
        call(*arguments)
    except mcp23017.MCP23017Error as error:
        return error.code
    return 0


def test_start_configures_latch_direction_and_pull_ups():
    i2c = chip()
    x = mcp23017.MCP23017(i2c)
    x.input(0, pull_up=True)
    x.input(9, pull_up=True)
    x.output(7)
    x.output(10, 1)
    x.start()
    # Outputs: GPA7, GPB2, and GPB7, which must not float as an input.
    assert bytes(i2c.regs[:2]) == b"\x7f\x7b"
    assert bytes(i2c.regs[0x0C:0x0E]) == b"\x01\x02"
    assert bytes(i2c.regs[0x14:0x16]) == b"\x00\x04"
    assert i2c.regs[0x0A] == 0


def test_bits_7_and_15_are_outputs_only():
    x = mcp23017.MCP23017(chip())
    assert code_of(x.input, 7) == code_of(x.input, 15) == mcp23017.ERROR_OUTPUT_ONLY
    try:
        x.output(15, open_drain=True)
    except mcp23017.MCP23017Error as error:
        assert error.code == mcp23017.ERROR_OUTPUT_ONLY
    else:
        raise AssertionError("no error")


def test_inputs_are_one_int_a_poll():
    i2c = chip()
    x = mcp23017.MCP23017(i2c)
    pin_1 = x.input(1)
    pin_11 = x.input(11)
    x.start()
    i2c.regs[0x12] = 0x02
    i2c.regs[0x13] = 0x08
    assert pin_1() == 0  # not polled yet
    assert x.poll() is True
    assert x.inputs == 0x0802 and pin_1() == 1 and pin_11.value() == 1


def test_outputs_are_written_through_and_read_back():
    i2c = chip()
    x = mcp23017.MCP23017(i2c)
    buzzer = x.output(7)
    x.start()
    buzzer(1)
    assert i2c.regs[0x14] == 0x80 and buzzer() == 1
    buzzer.value(0)
    assert i2c.regs[0x14] == 0
    i2c.stuck = {0x14: 0}
    buzzer(1)
    assert x.down and x.errors == 1


def test_open_drain_releases_by_direction():
    i2c = chip()
    x = mcp23017.MCP23017(i2c)
    reset = x.output(8, 1, open_drain=True)
    x.start()
    assert i2c.regs[1] & 1 == 1 and i2c.regs[0x15] & 1 == 0
    reset(0)
    assert i2c.regs[1] & 1 == 0 and i2c.regs[0x15] & 1 == 0 and reset() == 0
    reset(1)
    assert i2c.regs[1] & 1 == 1 and reset() == 1


def test_a_reset_is_found_and_healed_within_eight_polls():
    i2c = chip()
    x = mcp23017.MCP23017(i2c)
    x.input(0, pull_up=True)
    x.output(7, 1)
    x.start()
    for i in range(22):
        i2c.regs[i] = 0xFF if i < 2 else 0
    for _ in range(8):
        assert x.poll()
    assert x.restarts == 1 and i2c.regs[0] == 0x7F and i2c.regs[0x0C] == 1 and i2c.regs[0x14] == 0x80


def test_down_and_back():
    i2c = chip()
    x = mcp23017.MCP23017(i2c)
    feedback = x.input(1, when_down=2)
    button = x.input(2)
    buzzer = x.output(7)
    x.start()
    i2c.regs[0x12] = 0x06
    x.poll()
    i2c.gone = True
    assert x.poll() is False and x.down
    assert feedback() == 2 and button() == 1
    buzzer(1)  # remembered
    for _ in range(40):
        assert x.poll() is False
    assert x.errors == 3  # one lost poll, then one attempt in 16
    i2c.gone = False
    for _ in range(16):
        x.poll()
    assert not x.down and feedback() == 1 and i2c.regs[0x14] == 0x80 and x.restarts == 1


def test_absent_or_wrong_part():
    i2c = chip()
    i2c.gone = True
    assert code_of(mcp23017.MCP23017(i2c).start) == mcp23017.ERROR_BUS
    i2c = chip()
    i2c.stuck = {0: 0}
    assert code_of(mcp23017.MCP23017(i2c).start) == mcp23017.ERROR_WRITE


def test_polls_and_writes_allocate_nothing():
    i2c = chip()
    x = mcp23017.MCP23017(i2c)
    pin = x.input(0)
    buzzer = x.output(7)
    x.start()

    def steady(_):
        for _ in range(20):
            x.poll()
            buzzer(pin() ^ 1)
        return x.errors

    assert without_heap(steady, None) == 0

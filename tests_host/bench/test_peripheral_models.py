# SPDX-License-Identifier: MIT
"""Relay, RTC, expander and button models against their datasheets, and the drivers on them.

K125 datasheet 082014: pulse >= 80 ms. DS3231 datasheet 19-5170: register map, reset values, drift. MCP23017
DS20001952: banks, sequential mode, reset values.
"""

import random
from datetime import datetime

import pytest
from app import ticks
from app.supply.switch import Switch
from drivers.button import Button
from drivers.ds3231 import DS3231, DS3231Error
from drivers.latching_relay import CLOSED, FAULT_STUCK_CLOSED, OPEN, CoilLock, LatchingRelay
from drivers.mcp23017 import MCP23017, MCP23017Error
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.bench.bus import I2cBus, Pin
from host_tools.bench.chips.button import ButtonModel
from host_tools.bench.chips.ds3231 import DS3231Model
from host_tools.bench.chips.mcp23017 import MCP23017Model
from host_tools.bench.chips.relay import LatchingRelayModel
from host_tools.bench.clock import VirtualClock


def pulse(clock, pin, us):
    pin.value(1)
    clock.charge(us)
    pin.value(0)


def make_relay(clock, closed=False, seed=1, lock=None, **options):
    model = LatchingRelayModel(clock, random.Random(seed), closed, **options)
    driver = LatchingRelay(model.set_pin, model.reset_pin, model.feedback_pin, lock)
    return model, driver


def run(clock, driver, ms, step_ms=5):
    for _ in range(ms // step_ms):
        driver.poll(clock.ticks_ms())
        clock.charge(step_ms * 1000)


# Relay model


@pytest.mark.parametrize(("us", "moves"), [(10_000, False), (79_000, False), (80_000, True), (100_000, True)])
def test_a_pulse_below_80_ms_does_not_move_it(us, moves):
    clock = VirtualClock()
    model = LatchingRelayModel(clock, random.Random(1))
    pulse(clock, model.set_pin, us)
    clock.charge(50_000)
    assert model.closed is moves
    assert [(p.coil, p.end_us - p.start_us, p.moved) for p in model.pulses] == [("set", us, moves)]
    assert not model.damage


def test_position_outlives_the_supply():
    clock = VirtualClock()
    model = LatchingRelayModel(clock, random.Random(1))
    pulse(clock, model.set_pin, 100_000)
    model.power(False)
    model.reset_pin.value(1)
    clock.charge(1_000_000)
    model.reset_pin.value(0)
    model.power(True)
    assert model.closed and len(model.pulses) == 1


def test_both_coils_are_damage():
    clock = VirtualClock()
    model = LatchingRelayModel(clock, random.Random(1))
    model.set_pin.value(1)
    clock.charge(1000)
    model.reset_pin.value(1)
    assert model.damage == [(1000, "both coils")]


@pytest.mark.parametrize(("one_shot_us", "damaged", "moved"), [(250_000, False, True), (None, True, True)])
def test_a_coil_left_on(one_shot_us, damaged, moved):
    clock = VirtualClock()
    model = LatchingRelayModel(clock, random.Random(1), one_shot_us=one_shot_us)
    model.set_pin.value(1)
    clock.charge(500_000)
    assert model.closed is moved
    clock.charge(10_000_000)
    model.set_pin.value(0)
    assert bool(model.damage) is damaged
    expected = 10_500_000 if one_shot_us is None else 250_000
    assert [p.end_us - p.start_us for p in model.pulses] == [expected]


def test_contact_bounces_and_the_world_is_told_of_every_edge():
    clock = VirtualClock()
    seen = set()
    for seed in range(30):
        model = LatchingRelayModel(clock, random.Random(seed))
        model.set_pin.value(1)
        changes = []
        level = False
        end = clock.now_us + 100_000
        while (at := model.next_change_us(clock.now_us)) is not None and at < end:
            clock.charge(at - clock.now_us)
            if model.closed != level:
                level = not level
                changes.append(at)
        model.set_pin.value(0)
        assert level and len(changes) % 2 == 1
        assert changes[-1] - changes[0] <= 2000
        seen.add(len(changes))
    assert len(seen) > 1 and max(seen) > 1  # bounce differs by seed


def test_voltage_feedback_shows_back_feed():
    clock = VirtualClock()
    model = LatchingRelayModel(clock, random.Random(1), feedback="voltage")
    assert model.feedback_pin() == 0
    model.backfeed = True
    assert model.feedback_pin() == 1 and not model.closed
    model.backfeed = False
    pulse(clock, model.set_pin, 100_000)
    assert model.feedback_pin() == 1
    model.supply_live = False
    assert model.feedback_pin() == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400_000), st.integers(0, 100_000)), max_size=12), st.integers())
def test_position_is_that_of_the_last_long_pulse(pulses, seed):
    clock = VirtualClock()
    model = LatchingRelayModel(clock, random.Random(seed))
    expected = False
    for closes, on_us, off_us in pulses:
        pulse(clock, model.set_pin if closes else model.reset_pin, on_us)
        clock.charge(off_us)
        if on_us >= 80_000:
            expected = closes
    clock.charge(5000)
    assert model.closed is expected and not model.damage


# Relay driver on the model


def test_driver_closes_and_opens_with_one_pulse_each():
    clock = VirtualClock()
    for seed in range(10):
        model, driver = make_relay(clock, seed=seed)
        run(clock, driver, 100)
        assert driver.position() == OPEN
        driver.start(True, clock.ticks_ms())
        run(clock, driver, 12_000)
        assert driver.position() == CLOSED and model.closed and driver.fault == 0
        driver.start(False, clock.ticks_ms())
        run(clock, driver, 12_000)
        assert driver.position() == OPEN and not model.closed
        assert [p.coil for p in model.pulses] == ["set", "reset"] and all(p.moved for p in model.pulses)


def test_driver_takes_a_second_pulse_where_the_first_is_too_short():
    clock = VirtualClock()
    model, driver = make_relay(clock, minimum_us=140_000)
    run(clock, driver, 100)
    driver.start(True, clock.ticks_ms())
    run(clock, driver, 3000)
    assert driver.position() == CLOSED and [p.moved for p in model.pulses] == [False, True]


@pytest.mark.parametrize(("one_shot_us", "damaged"), [(250_000, False), (None, True)])
def test_interpreter_hangs_in_mid_pulse(one_shot_us, damaged):
    clock = VirtualClock()
    model, driver = make_relay(clock, one_shot_us=one_shot_us)
    run(clock, driver, 100)
    driver.start(True, clock.ticks_ms())
    driver.poll(clock.ticks_ms())
    clock.charge(60_000_000)  # nothing runs for a minute
    model.advance()
    assert bool(model.damage) is damaged
    model.release()  # the watchdog resets the MCU
    if not damaged:
        assert model.closed and model.pulses[0].end_us - model.pulses[0].start_us == 250_000
        reborn = LatchingRelay(model.set_pin, model.reset_pin, model.feedback_pin)
        run(clock, reborn, 100)
        assert reborn.position() == CLOSED and len(model.pulses) == 1


def test_weld_is_detected():
    clock = VirtualClock()
    model, driver = make_relay(clock, closed=True)
    run(clock, driver, 100)
    model.weld()
    driver.start(False, clock.ticks_ms())
    run(clock, driver, 5000)
    assert driver.fault == FAULT_STUCK_CLOSED and driver.position() == CLOSED and model.closed
    assert [p.end_us - p.start_us for p in model.pulses] == [100_000, 150_000, 200_000]
    assert not model.damage


def test_two_relays_share_the_supply():
    clock = VirtualClock()
    lock = CoilLock()
    pairs = [make_relay(clock, seed=seed, lock=lock) for seed in (1, 2, 3)]
    for _ in range(20):
        for _, driver in pairs:
            driver.poll(clock.ticks_ms())
        clock.charge(5000)
    for _, driver in pairs:
        driver.start(True, clock.ticks_ms())
    for _ in range(800):
        for _, driver in pairs:
            driver.poll(clock.ticks_ms())
        clock.charge(5000)
    pulses = sorted((p for model, _ in pairs for p in model.pulses), key=lambda p: p.start_us)
    assert len(pulses) == 3 and all(p.moved for p in pulses)
    for before, later in zip(pulses, pulses[1:], strict=False):
        assert later.start_us - before.end_us >= 500_000


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("commanded", [False, True])
def test_boot_cycles_give_no_pulse(closed, commanded):
    clock = VirtualClock()
    model = LatchingRelayModel(clock, random.Random(3), closed)
    rng = random.Random(4)
    memory = bytearray([0x81 if commanded else 0x80])
    for _ in range(25):
        driver = LatchingRelay(model.set_pin, model.reset_pin, model.feedback_pin, CoilLock())
        switch = Switch(driver)
        switch.unpack(memory, 0)
        for _ in range(rng.randrange(1, 1500)):
            switch.poll(clock.ticks_ms(), True)
            if switch.dirty:
                switch.pack_into(memory, 0)
                switch.saved()
            clock.charge(20_000)
        model.release()
    assert model.pulses == [] and model.closed is closed


def test_command_cut_at_every_instant_ends_in_a_known_state():
    """A power cut 0..400 ms after an open command: after the next boot open, by at most one more pulse."""
    for cut_ms in range(0, 400, 20):
        clock = VirtualClock()
        model = LatchingRelayModel(clock, random.Random(cut_ms), True)
        memory = bytearray([0x81])
        for boot in (0, 1, 2):
            switch = Switch(LatchingRelay(model.set_pin, model.reset_pin, model.feedback_pin))
            switch.unpack(memory, 0)
            before = len(model.pulses)
            left_ms = 12_000
            commanded = boot > 0
            while left_ms > 0:
                if not commanded and left_ms <= 1000:
                    assert switch.command(False, clock.ticks_ms(), 0) == 0
                    commanded = True
                    left_ms = cut_ms
                switch.poll(clock.ticks_ms(), True)
                if switch.dirty:
                    switch.pack_into(memory, 0)
                    switch.saved()
                clock.charge(10_000)
                left_ms -= 10
            model.power(False)
            model.power(True)
            assert len(model.pulses) - before <= 1
        assert not model.damage
        if memory[0] & 1 == 0:  # the command had become durable
            assert not model.closed, cut_ms


# DS3231


def make_rtc(ppb=0, battery=True):
    clock = VirtualClock()
    bus = I2cBus(clock)
    model = DS3231Model(clock, ppb, battery)
    bus.attach(0x68, model)
    return clock, bus, model


def test_rtc_comes_up_invalid_at_2000():
    _, bus, model = make_rtc()
    buf = bytearray(16)
    bus.readfrom_mem_into(0x68, 0, buf)
    # Datasheet: 01/01/00, day 1, 00:00:00; control 1Ch; OSF and EN32kHz set.
    assert bytes(buf[:7]) == b"\x00\x00\x00\x01\x01\x01\x00" and buf[14] == 0x1C and buf[15] == 0x88
    fields = [0] * 6
    assert DS3231(bus).read_into(fields) is False and not model.valid


def test_rtc_round_trip_and_drift_of_two_ppm():
    clock, bus, model = make_rtc(ppb=2000)
    rtc = DS3231(bus)
    rtc.write([2024, 2, 28, 23, 59, 30])
    start = clock.now_us
    fields = [0] * 6
    clock.charge(31_000_000)
    assert rtc.read_into(fields) is True and fields == [2024, 2, 29, 0, 0, 1]
    clock.charge(30 * 86_400 * 1_000_000 - (clock.now_us - start))
    true = datetime(2024, 3, 29, 23, 59, 30)
    # 2 ppm of 30 days = 5.184 s
    assert abs((model.utc() - true).total_seconds() - 5.184) < 0.001


def test_aging_slows_by_a_tenth_ppm_a_step():
    clock, bus, model = make_rtc(ppb=2000)
    rtc = DS3231(bus)
    rtc.set_aging(20)  # 2 ppm
    rtc.write([2024, 1, 1, 0, 0, 0])
    start = clock.now_us
    clock.charge(10 * 86_400 * 1_000_000)
    elapsed = (model.utc() - datetime(2024, 1, 1)).total_seconds()
    assert abs(elapsed - (clock.now_us - start) / 1e6) < 0.001


def test_writing_the_seconds_resets_the_prescaler():
    clock, bus, model = make_rtc()
    model.set_utc(datetime(2024, 1, 1))
    clock.charge(900_000)
    DS3231(bus).write([2024, 1, 1, 0, 0, 5])
    fields = [0] * 6
    clock.charge(950_000)
    DS3231(bus).read_into(fields)
    assert fields[5] == 5


def test_a_burst_never_straddles_a_carry():
    clock, bus, model = make_rtc()
    rtc = DS3231(bus)
    model.set_utc(datetime(2024, 12, 31, 23, 59, 59))
    fields = [0] * 6
    clock.charge(998_500)
    for _ in range(8):
        clock.charge(200)
        assert rtc.read_into(fields)
        assert fields in ([2024, 12, 31, 23, 59, 59], [2025, 1, 1, 0, 0, 0])
    assert fields[0] == 2025


@pytest.mark.parametrize(("battery", "valid"), [(True, True), (False, False)])
def test_power_off(battery, valid):
    clock, bus, model = make_rtc(battery=battery)
    rtc = DS3231(bus)
    rtc.write([2030, 6, 1, 12, 0, 0])
    model.power(False)
    with pytest.raises(DS3231Error):
        rtc.read_into([0] * 6)
    clock.charge(3_600_000_000)
    model.power(True)
    fields = [0] * 6
    assert DS3231(bus).read_into(fields) is valid
    assert fields[:5] == ([2030, 6, 1, 13, 0] if valid else [2000, 1, 1, 0, 0])


def test_rtc_loss_is_seen_and_cured():
    clock, bus, model = make_rtc()
    rtc = DS3231(bus)
    rtc.write([2030, 6, 1, 12, 0, 0])
    assert rtc.read_into([0] * 6)
    model.rtc_loss()
    assert not rtc.read_into([0] * 6)
    rtc.write([2030, 6, 1, 12, 0, 1])
    clock.charge(100)
    assert rtc.read_into([0] * 6) and model.valid


def test_twelve_hour_mode_is_not_believed():
    _, bus, model = make_rtc()
    rtc = DS3231(bus)
    rtc.write([2030, 6, 1, 13, 0, 0])
    bus.writeto_mem(0x68, 2, b"\x61")  # 1 PM
    assert model.utc().hour == 13
    assert not rtc.read_into([0] * 6) and rtc.rejects == 1


def test_temperature_reaches_the_driver():
    _, bus, model = make_rtc()
    rtc = DS3231(bus)
    for quarters in (-160, -1, 0, 101, 340):
        model.temperature_c_x4 = quarters
        assert rtc.temperature_c_x4() == quarters


def test_stuck_bus_is_one_bounded_error():
    clock, bus, _ = make_rtc()
    rtc = DS3231(bus)
    bus.stuck = True
    before = clock.now_us
    with pytest.raises(DS3231Error):
        rtc.read_into([0] * 6)
    assert clock.now_us - before < 20_000


# MCP23017


def make_expander():
    clock = VirtualClock()
    bus = I2cBus(clock)
    model = MCP23017Model(clock)
    bus.attach(0x20, model)
    return bus, model


def test_expander_registers_in_both_banks():
    bus, model = make_expander()
    buf = bytearray(22)
    bus.readfrom_mem_into(0x20, 0, buf)
    assert bytes(buf) == b"\xff\xff" + bytes(20)
    bus.writeto_mem(0x20, 0x0A, b"\x80")  # BANK = 1
    bus.writeto_mem(0x20, 0x16, b"\x5a")  # GPPUB in bank 1
    assert model.regs["GPPU", 1] == 0x5A
    bus.writeto_mem(0x20, 0x05, b"\x00")  # IOCON in bank 1
    bus.readfrom_mem_into(0x20, 0x0C, two := bytearray(2))
    assert bytes(two) == b"\x00\x5a"


def test_byte_mode_toggles_within_a_pair():
    bus, model = make_expander()
    bus.writeto_mem(0x20, 0x0A, b"\x20")  # SEQOP
    bus.writeto_mem(0x20, 0x0C, b"\x01\x02\x03\x04")
    assert (model.regs["GPPU", 0], model.regs["GPPU", 1]) == (3, 4)


def test_expander_pins_polarity_and_latch():
    bus, model = make_expander()
    model.connect(0, Pin(1))
    out = Pin(0)
    model.connect(8, out)
    one = bytearray(1)
    bus.readfrom_mem_into(0x20, 0x12, one)
    assert one[0] & 1 == 1
    bus.writeto_mem(0x20, 0x02, b"\x01")
    bus.readfrom_mem_into(0x20, 0x12, one)
    assert one[0] & 1 == 0
    bus.writeto_mem(0x20, 0x13, b"\x01")  # a write to GPIO goes to OLAT
    assert model.regs["OLAT", 1] == 1 and out.level == 0
    bus.writeto_mem(0x20, 0x01, b"\xfe")
    assert out.level == 1


@pytest.mark.parametrize("iocon", [0x00, 0x80, 0xA0, 0x20])
def test_driver_starts_from_any_bank(iocon):
    bus, model = make_expander()
    bus.writeto_mem(0x20, 0x0A, bytes([iocon]))
    x = MCP23017(bus)
    x.input(0, pull_up=True)
    x.output(7, 1)
    x.start()
    assert model.regs["IODIR", 0] == 0x7F and model.regs["IODIR", 1] == 0x7F
    assert model.regs["GPPU", 0] == 1 and model.regs["OLAT", 0] == 0x80 and model.regs["IOCON", 0] == 0


def test_expander_reset_is_healed():
    bus, model = make_expander()
    x = MCP23017(bus)
    button = x.input(0, pull_up=True)
    reset = x.output(8, 1, open_drain=True)
    line = Pin(1)
    model.connect(8, line, pull=1)
    buzzer = x.output(7, 1)
    sounder = Pin(0)
    model.connect(7, sounder)
    x.start()
    assert sounder.level == 1 and line.level == 1 and button() == 1 and buzzer() == 1
    reset(0)
    assert line.level == 0
    model.reset()
    assert line.level == 1  # an input again
    polls = 0
    while line.level:
        x.poll()
        polls += 1
    assert polls <= 8 and x.restarts == 1 and model.resets == 1
    x.poll()
    assert button() == 1  # the pull-up is back: 0 without it
    assert sounder.level == 1 and model.misused <= 2 * polls  # two ports a poll
    misused = model.misused
    for _ in range(20):
        x.poll()
    assert model.misused == misused  # GPA7 and GPB7 are outputs


def test_expander_lost_and_found():
    bus, model = make_expander()
    x = MCP23017(bus)
    feedback = x.input(1, when_down=2)
    contact = Pin(1)
    model.connect(1, contact)
    x.start()
    x.poll()
    assert feedback() == 1
    model.power(False)
    assert not x.poll() and feedback() == 2
    with pytest.raises(MCP23017Error):
        x.start()
    model.power(True)
    for _ in range(17):
        x.poll()
    assert not x.down and feedback() == 1


def test_relay_feedback_through_the_expander():
    clock = VirtualClock()
    bus = I2cBus(clock)
    chip = MCP23017Model(clock)
    bus.attach(0x20, chip)
    model = LatchingRelayModel(clock, random.Random(5))
    chip.connect(1, model.feedback_pin)
    x = MCP23017(bus)
    feedback = x.input(1, when_down=2)
    x.start()
    driver = LatchingRelay(model.set_pin, model.reset_pin, feedback)

    def passes(count):
        for _ in range(count):
            x.poll()
            driver.poll(clock.ticks_ms())
            clock.charge(10_000)

    passes(10)
    driver.start(True, clock.ticks_ms())
    passes(100)
    assert driver.position() == CLOSED and len(model.pulses) == 1
    passes(1000)
    bus.stuck = True  # the contactor has to open all the same
    passes(10)
    assert driver.position() == 2
    assert driver.start(False, clock.ticks_ms()) == 0
    passes(200)
    assert not model.closed and len(model.pulses) == 2


# Button


def test_button_bounces_and_settles():
    seen_bounce = False
    for seed in range(20):
        clock = VirtualClock()
        model = ButtonModel(clock, random.Random(seed))
        button = Button(model.pin)
        model.press(10_000, 200_000)
        edges = []
        while (at := model.next_edge_us(clock.now_us)) is not None:
            clock.charge(at - clock.now_us)
            level = button.pressed()
            if not edges or edges[-1][1] != level:
                edges.append((at, level))
        assert edges[0] == (10_000, True) and edges[-1][1] is False
        for at, _ in edges:
            assert 10_000 <= at <= 15_000 or 210_000 <= at <= 215_000
        seen_bounce = seen_bounce or len(edges) > 2
        clock.charge(100_000)
        assert not button.pressed()
    assert seen_bounce


def test_button_replays_from_its_seed():
    def edges(seed):
        clock = VirtualClock()
        model = ButtonModel(clock, random.Random(seed), active_low=False)
        model.press(1000, 50_000)
        out = []
        while (at := model.next_edge_us(clock.now_us)) is not None:
            clock.charge(at - clock.now_us)
            out.append((at, model.pin()))
        return out

    assert edges(7) == edges(7)
    assert any(edges(7) != edges(seed) for seed in range(5))


def test_sealed_button_does_nothing():
    clock = VirtualClock()
    model = ButtonModel(clock, random.Random(1))
    model.sealed = True
    model.press(1000, 1000)
    clock.charge(1500)
    assert model.pin() == 1 and model.next_edge_us(clock.now_us) is None


def test_ticks_are_the_wrapping_ones():
    # The drivers above ran across the wrap: the bench starts five seconds before it.
    clock = VirtualClock()
    before = clock.ticks_ms()
    clock.charge(10_000_000)
    assert clock.ticks_ms() < before and ticks.diff(clock.ticks_ms(), before) == 10_000

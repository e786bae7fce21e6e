# SPDX-License-Identifier: MIT
"""Every board x variant x chip composes, and its pin table obeys the part it is soldered to.

The forbidden, strap, input-only and fixed pins below come from the chip and board documents named beside them, not from
the boards' own lists.
"""

import fake_machine

BOARDS = ("esp32_s3_devkitc", "esp32_devkitc", "arduino_giga")
CHIPS = ("ade9153a", "atm90e26")
# design: e1c1 e1c1r e1c2 e1c2r e2c2 -> K1 K2 K3
RELAYS = {"e1c1": "100", "e1c1r": "101", "e1c2": "110", "e1c2r": "111", "e2c2": "110"}

# ESP32 datasheet, 2.2 pins: 6..11 flash; WROVER: 16, 17 PSRAM; 1, 3 console; 20, 24, 28..31 not bonded.
WROVER_NEVER = (1, 3, 6, 7, 8, 9, 10, 11, 16, 17, 20, 24, 28, 29, 30, 31)
WROVER_INPUT_ONLY = (34, 35, 36, 37, 38, 39)
# ESP32-S3 datasheet, 2.3 and module N8R8/N16R8: 26..32 flash, 33..37 octal PSRAM, 19/20 USB, 43/44 UART0, 22..25
# absent, 45/46 straps that stay open.
S3_NEVER = (19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 43, 44, 45, 46)
# What each strap may carry: its level at reset is set by the circuit named in wiring.md.
STRAPS = {
    "esp32_devkitc": {0: "button_a", 2: "pulse_led", 5: "afe_cs", 12: "backlight", 15: "optical_tx"},
    "esp32_s3_devkitc": {0: "button_a", 3: "expander_int"},
    "arduino_giga": {},
}
# A few of the GIGA's taken pins (mpconfigboard.h): SDRAM, QSPI, Wi-Fi, USB, SWD, REPL, BOOT0, LEDs.
GIGA_NEVER = ("PF0", "PD14", "PG8", "PG6", "PF10", "PC12", "PA11", "PA13", "PA9", "PB7", "PC13", "PI12", "PH0", "PB10")
NEVER = {"esp32_devkitc": WROVER_NEVER, "esp32_s3_devkitc": S3_NEVER, "arduino_giga": GIGA_NEVER}


def possible(board, variant):
    return not (board == "esp32_devkitc" and variant == "e2c2")


def each():
    """(board, variant, chip, Hardware, log, pin table) of every possible build."""
    for board in BOARDS:
        module, pins = fake_machine.load(board)
        for variant in sorted(RELAYS):
            for chip in CHIPS:
                if possible(board, variant):
                    fake_machine.WORLD.reset()
                    hw = module.build(variant, chip)
                    table = pins.PINS_E2C2 if variant == "e2c2" else pins.PINS
                    yield board, variant, chip, hw, list(fake_machine.WORLD.log), table


def coils_of(table):
    return [row[1] for row in table if row[2] == "coil"]


def test_every_build_names_itself_and_has_what_compose_needs():
    builds = 0
    for board, variant, chip, hw, _, _ in each():
        builds += 1
        assert (hw.board, hw.variant, hw.chip) == (board, variant, chip)
        elements = 2 if variant == "e2c2" else 1
        assert len(hw.spi) == len(hw.afe_cs) == len(hw.afe_reset) == elements
        fitted = "".join(["0" if pin is None else "1" for pin in hw.k_set])
        assert fitted == RELAYS[variant]
        assert [pin is None for pin in hw.k_reset] == [pin is None for pin in hw.k_set]
        assert (hw.fram_address, hw.rtc_address, hw.lcd, hw.lcd_address) == (0x50, 0x68, "pcf85176", 0x38)
        assert hw.expander_address == (None if board == "arduino_giga" else 0x20)
        assert hw.i2c is not None and hw.watchdog is not None and not hw.service
        assert (hw.flash_spi is None) != (hw.flash_partition is None)
        assert callable(hw.now_ms) and callable(hw.wait)
    assert builds == 5 * 2 + 4 * 2 + 5 * 2


def test_wrover_refuses_two_elements_with_one_line():
    module, _ = fake_machine.load("esp32_devkitc")
    try:
        module.build("e2c2", "ade9153a")
        raise AssertionError("accepted")
    except ValueError as error:
        assert "e2c2" in str(error) and "e1c1" in str(error) and "\n" not in str(error)
    # Refused, but the coils were driven low all the same.
    assert len([e for e in fake_machine.WORLD.of("pin") if e[4] == 0]) == 6


def test_unknown_chip_and_variant_are_refused():
    for board in BOARDS:
        module, _ = fake_machine.load(board)
        for variant, chip in (("e1c1", "ade7953"), ("e3c1", "ade9153a")):
            try:
                module.build(variant, chip)
                raise AssertionError("accepted")
            except ValueError as error:
                assert "\n" not in str(error)


def test_no_pin_twice_and_none_forbidden():
    for board in BOARDS:
        _, pins = fake_machine.load(board)
        for name in ("PINS", "PINS_E2C2"):
            table = getattr(pins, name, None)
            if table is None:
                continue
            used = [row[1] for row in table]
            assert len(used) == len(set(used)), board
            signals = [row[0] for row in table]
            assert len(signals) == len(set(signals)), board
            for pin in used:
                assert pin not in NEVER[board] and pin not in pins.FORBIDDEN and pin not in pins.ABSENT, (board, pin)


def test_the_boards_own_lists_hold_what_the_documents_say():
    for board in BOARDS:
        _, pins = fake_machine.load(board)
        known = tuple(pins.FORBIDDEN) + tuple(pins.ABSENT) + tuple([s[0] for s in pins.STRAPS if s[1] is None])
        for pin in NEVER[board]:
            assert pin in known, (board, pin)


def test_nothing_but_the_table_is_touched():
    for board, _, _, _, log, table in each():
        allowed = [row[1] for row in table]
        for entry in log:
            if entry[0] in ("pin", "write", "irq"):
                assert entry[1] in allowed, (board, entry)
            elif entry[0] == "bus":
                assert entry[2], (board, entry)
                for pin in entry[2]:
                    assert pin in allowed, (board, entry)


def test_input_only_pins_are_never_outputs_and_never_pulled():
    _, pins = fake_machine.load("esp32_devkitc")
    directions = {row[1]: (row[0], row[2]) for row in pins.PINS}
    for pin in WROVER_INPUT_ONLY:
        if pin in directions:
            signal, direction = directions[pin]
            assert direction in ("in", "edge-", "irq") or (direction == "claim" and signal.endswith("_rx")), pin
    for board, _, _, _, log, _ in each():
        if board == "esp32_devkitc":
            for entry in log:
                if entry[0] == "pin" and entry[1] in WROVER_INPUT_ONLY:
                    assert entry[2] == fake_machine.Pin.IN and entry[3] is None


def test_straps_carry_only_their_signal():
    for board in BOARDS:
        _, pins = fake_machine.load(board)
        for name in ("PINS", "PINS_E2C2"):
            for row in getattr(pins, name, ()):
                expected = STRAPS[board].get(row[1])
                if expected is not None:
                    assert row[0] == expected, (board, row)
    # GPIO12 of the WROVER is never driven high: a reset while it is would start with 1.8 V flash.
    for board, _, _, _, log, _ in each():
        if board == "esp32_devkitc":
            assert [e[4] for e in log if e[0] == "pin" and e[1] == 12] == [0]


def test_coils_are_low_before_anything_else_and_never_high():
    for board, _, _, _, log, table in each():
        coils = coils_of(table)
        first = log[: len(coils)]
        for entry in first:
            assert entry[0] == "pin" and entry[1] in coils and entry[2] == fake_machine.Pin.OUT and entry[4] == 0, board
        assert len(set([entry[1] for entry in first])) == len(coils)
        for entry in log:
            if entry[0] == "pin" and entry[1] in coils:
                assert entry[4] == 0, (board, entry)
            if entry[0] in ("write", "irq") or entry[0] == "bus":
                assert entry[1] not in coils
                if entry[0] == "bus":
                    assert not [pin for pin in entry[2] if pin in coils]


def test_chip_selects_start_high():
    for _, _, _, hw, log, table in each():
        for signal, pin, _, _ in table:
            if "_cs" in signal:
                values = [entry[4] for entry in log if entry[0] == "pin" and entry[1] == pin]
                assert values == [1], signal
        for cs in hw.afe_cs:
            assert cs.value() == 1


def test_uarts_are_named_not_opened_and_not_grabbed_twice():
    for board, _, _, hw, log, table in each():
        by_pin = {row[1]: row for row in table}
        assert not [e for e in log if e[0] == "bus" and e[1].startswith("UART")]
        assert hw.radio_uart[0] != hw.optical_uart[0]
        pins = hw.radio_uart[1:] + hw.optical_uart[1:]
        assert len(set(pins)) == 4
        for pin in pins:
            assert by_pin[pin][2] == "claim", board
            assert not [e for e in log if e[0] == "pin" and e[1] == pin]
        for entry in log:
            if entry[0] == "bus":
                assert not [pin for pin in entry[2] if pin in pins]


def test_every_pin_has_one_owner():
    for board, _, _, _, log, _ in each():
        owner = {}
        for entry in log:
            if entry[0] == "bus":
                for pin in entry[2]:
                    assert pin not in owner, (board, pin, owner.get(pin), entry[1])
                    owner[pin] = entry[1]
        for entry in log:
            # A Pin without mode only names the pin for the bus.
            if entry[0] == "pin" and entry[2] is not None:
                assert entry[1] not in owner, (board, entry)


def test_exti_lines_are_unique_on_stm32():
    # One EXTI line a pin number, whatever the port (STM32H747 reference manual, SYSCFG_EXTICR).
    for board, variant, _, _, log, table in each():
        if board != "arduino_giga":
            continue
        lines = [e[1][2:] for e in log if e[0] == "irq"]
        # Two buttons, the supply, and what each front end has to tell.
        assert len(lines) == (5 if variant == "e2c2" else 4) and len(set(lines)) == len(lines)
        # The pulse outputs are not interrupts today; keep them able to be.
        lines += [row[1][2:] for row in table if row[0].startswith("afe_cf")]
        assert len(set(lines)) == len(lines)


def test_what_the_chip_has_to_tell_ends_a_wait():
    # IRQ of the ADE9153A is active low (data sheet p. 10), WarnOut of the ATM90E26 active high (46102B p. 2).
    for _, _, chip, hw, _, _ in each():
        pin = hw.afe_irq[0]
        assert pin.handler is hw.button_a.handler
        assert pin.trigger == (pin.IRQ_RISING if chip == "atm90e26" else pin.IRQ_FALLING)


def test_spi_mode_and_speed():
    for board, _, chip, hw, _, _ in each():
        for spi in hw.spi:
            assert spi.mode == 3
            if chip == "atm90e26":
                assert 100_000 <= spi.baud <= 136_000  # datasheet: SCLK high >= 3.67 us
                assert spi.name == ("SoftSPI" if board == "arduino_giga" else spi.name)
            else:
                assert spi.baud <= 10_000_000
        assert (hw.afe_strap is None) == (chip == "atm90e26")


def test_strap_drives_sclk_and_gives_it_back():
    for board, _, chip, hw, _, table in each():
        if chip != "ade9153a":
            continue
        sclk = [row[1] for row in table if row[0] == "afe_sclk"][0]
        for ss in hw.afe_cs:
            fake_machine.WORLD.log = []
            hw.afe_strap(ss, 1)
            kinds = [entry[:2] for entry in fake_machine.WORLD.log]
            assert kinds[0][0] == "deinit"
            assert fake_machine.WORLD.log[1][1] == sclk and fake_machine.WORLD.log[1][4] == 1, board
            assert fake_machine.WORLD.log[2] == ("write", ss.id, 0)
            fake_machine.WORLD.log = []
            hw.afe_strap(ss, None)
            assert fake_machine.WORLD.log[0] == ("write", ss.id, 1)
            assert fake_machine.WORLD.log[1][0] == "init"
            assert hw.spi[0].mode == 3


def test_expander_outputs_only_where_the_part_allows_inputs():
    # Microchip DS20001952, revision D: GPA7 and GPB7 must not be inputs.
    for board in BOARDS:
        _, pins = fake_machine.load(board)
        bits = [bit for _, bit, _ in pins.EXPANDER]
        assert len(bits) == len(set(bits))
        for signal, bit, direction in pins.EXPANDER:
            assert 0 <= bit <= 15 and direction in ("in", "out")
            if bit in (7, 15):
                assert direction == "out", signal
        natives = [row[0] for row in pins.PINS]
        assert not [row[0] for row in pins.EXPANDER if row[0] in natives]


def test_every_board_has_every_signal_somewhere():
    needed = "button_a button_b k1_feedback k2_feedback k3_feedback terminal_cover main_cover magnet power_fail "
    needed += "pulse_led backlight buzzer radio_reset radio_sleep afe_cs afe_reset afe_irq afe_cf"
    for board in BOARDS:
        _, pins = fake_machine.load(board)
        have = [row[0] for row in pins.PINS] + [row[0] for row in pins.EXPANDER]
        for signal in needed.split():
            assert signal in have, (board, signal)


def test_reset_cause():
    for cause, expected in ((1, 0), (3, 1), (2, 2), (5, 2)):
        module, _ = fake_machine.load("esp32_s3_devkitc")
        fake_machine.WORLD.cause = cause
        assert module.build().reset_cause == expected


def test_button_held_five_seconds_is_service_without_watchdog():
    for board in BOARDS:
        module, pins = fake_machine.load(board)
        button = [row[1] for row in pins.PINS if row[0] == "button_a"][0]
        fake_machine.WORLD.levels[button] = 0
        hw = module.build()
        assert hw.service and hw.watchdog is None and not fake_machine.WORLD.of("wdt")
        assert fake_machine.WORLD.now_us == 5_000_000


def test_button_released_early_is_no_service():
    module, _ = fake_machine.load("esp32_s3_devkitc")
    world = fake_machine.WORLD
    world.levels[0] = 0

    def let_go():
        if world.now_us >= 4_900_000:
            world.levels[0] = 1

    world.hooks.append(let_go)
    hw = module.build()
    assert not hw.service and len(world.of("wdt")) == 1


def test_without_the_partition_there_is_no_block_store():
    module, _ = fake_machine.load("esp32_devkitc")
    fake_machine.WORLD.partitions = ()
    assert module.build().flash_partition is None
    fake_machine.WORLD.partitions = ("ferraris",)
    assert module.build().flash_partition.label == "ferraris"


def test_wait_lasts_until_the_tick_across_the_wrap():
    module, _ = fake_machine.load("arduino_giga")
    hw = module.build()
    world = fake_machine.WORLD
    world.now_us = (2**30 - 30) * 1000
    assert hw.now_ms() == 2**30 - 30
    hw.wait(20)
    assert hw.now_ms() == 20
    hw.wait(20)  # already there: no time passes
    assert hw.now_ms() == 20


def test_an_edge_ends_the_wait():
    module, _ = fake_machine.load("esp32_s3_devkitc")
    hw = module.build()
    world = fake_machine.WORLD
    world.now_us = 0

    def press():
        if world.now_us == 35_000:
            hw.button_a.handler(hw.button_a)

    world.hooks.append(press)
    hw.wait(1000)
    assert hw.now_ms() == 35
    hw.wait(100)  # the edge is spent
    assert hw.now_ms() == 100
    hw.power_fail.handler(hw.power_fail)  # between two waits: not lost
    hw.wait(1000)
    assert hw.now_ms() == 100


def test_one_shot_ends_the_pulse():
    module, pins = fake_machine.load("esp32_devkitc")
    hw = module.build()
    coil = hw.k_set[0]
    hw.one_shot.start(150, coil)
    coil(1)
    assert fake_machine.WORLD.of("timer")[-1][2] == 150
    timer = hw.one_shot._timer
    timer.callback(timer)
    assert coil() == 0


def test_pwm_outputs_are_dark_and_silent_at_boot():
    module, _ = fake_machine.load("esp32_s3_devkitc")
    hw = module.build()
    assert [e for e in fake_machine.WORLD.of("duty") if e[2]] == []
    hw.backlight(1)
    assert (
        hw.backlight() == 1 and fake_machine.WORLD.of("duty")[-1][1] == 48 and fake_machine.WORLD.of("duty")[-1][2] > 0
    )
    hw.backlight.value(0)
    assert fake_machine.WORLD.of("duty")[-1] == ("duty", 48, 0)

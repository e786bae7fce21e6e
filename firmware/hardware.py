# SPDX-License-Identifier: MIT
"""What a board hands over: one record of MicroPython objects, or of bench objects of the same shape.

A member is None where a board has no such thing.
"""


class Hardware:
    """What a board's build() hands over. Lists have one entry a metering element."""

    def __init__(self):
        self.board = ""  # name of the folder in boards/
        self.variant = "e1c1"  # e1c1 e1c1r e1c2 e1c2r e2c2
        self.chip = "ade9153a"  # or "atm90e26"
        self.clock = None  # ticks_ms, ticks_us, ticks_diff, sleep_ms, sleep_us
        self.spi = []  # SPI of each front end
        self.afe_cs = []
        self.afe_reset = []  # Pin or None (ATM90E26 by soft reset)
        # callable(ss_pin, sclk_level): SS low, SCLK a GPIO at that level, while an ADE9153A is in reset and 100 ms on;
        # (ss_pin, None) ends it: SS high, SCLK back to the SPI. None: the chip has no straps.
        self.afe_strap = None
        self.afe_irq = []  # inputs; None where the second element has none
        self.afe_cf = []
        self.i2c = None
        self.fram_address = None  # 0x50, or None: no FRAM
        self.rtc_address = None  # 0x68
        self.expander_address = None  # 0x20
        self.expander = ()  # (signal, bit 0 GPA0 .. 15 GPB7, "in" | "out"): what hangs on the MCP23017 instead of a Pin
        self.lcd = None  # "pcf85176" or "ht1621"
        self.lcd_address = 0x38
        self.lcd_pins = None  # (cs, wr, data) for HT1621
        self.flash_spi = None  # W25Q NOR
        self.flash_cs = None
        self.flash_partition = None  # esp32.Partition for drivers/partition_store.py, where there is no NOR
        self.button_a = None  # active-low Pins, or read through the expander
        self.button_b = None
        self.k_set = []  # coil pins: K1 primary, K2 secondary, K3 auxiliary; always three, None where not fitted
        self.k_reset = []
        self.k_feedback = []  # 1 = contact closed; None: not fitted, or on the expander
        self.k_live = []  # 1 = voltage at the load side of K1..K3; None: not sensed, or on the expander
        self.one_shot = None  # start(ms, coil): the hardware timer that ends a coil pulse besides the loop
        self.terminal_cover = None  # 0 = cover on
        self.main_cover = None
        self.second_terminal_cover = None
        self.battery_cover = None
        self.magnet = None  # 0 = magnet present
        self.other_tamper = None  # 1 = tampered with
        self.terminal_temperature = None  # callable -> 0.1 degree C, or below -100 degree C: not known
        self.pulse_led = None
        self.pulse_timer = None  # timer(delay_us, callback) for the edges of pulse_led; None: passes make them
        self.cf_drives_led = True  # the chip's CF pin is wired to the LED: the meter makes no pulses of its own
        self.backlight = None
        self.buzzer = None
        self.power_fail = None  # Pin, 0 = supply failing
        self.radio_uart = None  # (id, tx, rx) of the XBee and of the optical port: names, not yet opened
        self.optical_uart = None
        self.radio_reset = None
        self.radio_sleep = None
        self.radio_on = None
        self.watchdog = None  # feed()
        self.reset_cause = 0  # 0 power-on, 1 watchdog, 2 other
        self.service = False  # service mode asked for (flag set by `meter deploy`)
        self.crc = None  # seal/valid; None: the app's own
        self.boot_us = 0  # from supply good to build()
        self.now_ms = None  # () -> wrapping tick 0..2**30-1
        self.wait = None  # (until_ms): the only place where time passes on purpose; an input edge ends it

# SPDX-License-Identifier: MIT
"""ESP32-DevKitC V4 with WROVER-E: the pin table. All 22 usable pins are taken. Directions are explained in bringup.py.

Sources: Espressif ESP32 datasheet (strapping pins, input-only pins), ESP32-DevKitC V4 user guide (16/17 are PSRAM on
WROVER), MicroPython's ports/esp32. Not yet proven on silicon.
"""

PINS = (
    ("k1_set", 4, "coil", "primary 100 A contactor, close; 10 k pull-down on every gate"),
    ("k1_reset", 13, "coil", "open"),
    ("k2_set", 25, "coil", "secondary contactor"),
    ("k2_reset", 26, "coil", ""),
    ("k3_set", 27, "coil", "auxiliary 2 A relay"),
    ("k3_reset", 32, "coil", ""),
    ("afe_sclk", 18, "bus", "SPI(2), mode 3"),
    ("afe_miso", 19, "bus", ""),
    ("afe_mosi", 23, "bus", ""),
    ("afe_cs", 5, "high", "strap, pulled up: deselected at boot"),
    ("afe_irq", 36, "irq", "input only; 10 k to the idle level of the fitted IC"),
    ("afe_cf", 39, "in", "input only; CF1 or ZX"),
    ("radio_tx", 33, "claim", "UART(1), to XBee DIN"),
    ("radio_rx", 35, "claim", "input only; from XBee DOUT"),
    ("optical_tx", 15, "claim", "UART(2); idles high at boot = dark with the inverting driver"),
    ("optical_rx", 34, "claim", "input only"),
    ("sda", 21, "bus", "I2C(0), 2.2 k pull-ups"),
    ("scl", 22, "bus", ""),
    ("power_fail", 14, "edge", "0 = supply failing, 1 k in series: the pin toggles at boot"),
    ("backlight", 12, "low", "gate with pull-down: high at reset would choose 1.8 V flash"),
    ("pulse_led", 2, "low", "LED to GND: keeps the strap low for download"),
    ("button_a", 0, "edge", "BOOT: do not hold while resetting"),
)

# On the MCP23017 (bit 8 is GPB0); bits 7 and 15 are outputs only (Microchip DS20001952, revision D).
EXPANDER = (
    ("button_b", 0, "in"),
    ("k1_feedback", 1, "in"),
    ("k2_feedback", 2, "in"),
    ("k3_feedback", 3, "in"),
    ("terminal_cover", 4, "in"),
    ("main_cover", 5, "in"),
    ("magnet", 6, "in"),
    ("buzzer", 7, "out"),
    ("radio_reset", 8, "out"),
    ("radio_sleep", 9, "out"),
    ("afe_reset", 10, "out"),
    ("radio_on", 11, "in"),
)

# Flash, PSRAM, the REPL's UART0.
FORBIDDEN = (6, 7, 8, 9, 10, 11, 16, 17, 1, 3)
ABSENT = (20, 24, 28, 29, 30, 31)
INPUT_ONLY = (34, 35, 36, 37, 38, 39)
# (strap pin, the one signal allowed there)
STRAPS = ((0, "button_a"), (2, "pulse_led"), (5, "afe_cs"), (12, "backlight"), (15, "optical_tx"))

# SPDX-License-Identifier: MIT
"""ESP32-S3-DevKitC-1 (N8R8, N16R8): the pin table. Directions are explained in bringup.py.

Sources: Espressif ESP32-S3 datasheet (strapping pins), ESP32-S3-DevKitC-1 user guide (RGB LED on 48 in v1.0, 38 in
v1.1; 35..37 belong to octal PSRAM), MicroPython's ports/esp32 (default pins). Not yet proven on silicon.
"""

PINS = (
    ("k1_set", 4, "coil", "primary 100 A contactor, close; 10 k pull-down on the gate"),
    ("k1_reset", 5, "coil", "open"),
    ("k2_set", 6, "coil", "secondary contactor"),
    ("k2_reset", 7, "coil", ""),
    ("k3_set", 1, "coil", "auxiliary 2 A relay; e2c2: second AFE CS instead"),
    ("k3_reset", 2, "coil", "e2c2: second AFE RESET instead"),
    ("afe_sclk", 12, "bus", "SPI(1), mode 3"),
    ("afe_miso", 13, "bus", ""),
    ("afe_mosi", 11, "bus", ""),
    ("afe_cs", 10, "high", "10 k pull-up: deselected at boot"),
    ("afe_reset", 47, "high", "active low"),
    ("afe_irq", 14, "irq", "10 k to the idle level of the fitted IC"),
    ("afe_cf", 21, "in", "CF1"),
    ("radio_tx", 17, "claim", "UART(1), to XBee DIN"),
    ("radio_rx", 18, "claim", "from XBee DOUT"),
    ("radio_reset", 15, "high", "active low"),
    ("radio_sleep", 16, "low", "SLEEP_RQ, high = sleep"),
    ("optical_tx", 41, "claim", "UART(2), inverted LED driver: idle high is dark"),
    ("optical_rx", 42, "claim", ""),
    ("sda", 8, "bus", "I2C(0), 2.2 k pull-ups"),
    ("scl", 9, "bus", ""),
    ("power_fail", 39, "edge", "0 = supply failing, 1 k in series"),
    ("button_a", 0, "edge", "BOOT: do not hold while resetting"),
    ("expander_int", 3, "edge", "strap only for the choice of the JTAG source"),
    ("pulse_led", 38, "low", "RGB data on v1.1: harmless"),
    ("backlight", 48, "bus", "PWM; RGB data on v1.0: harmless"),
    ("buzzer", 40, "bus", "PWM, passive piezo"),
)

# The 1422 model has a second element and no auxiliary relay: K3's two pins carry the second front end.
PINS_E2C2 = tuple(row for row in PINS if row[0] not in ("k3_set", "k3_reset")) + (
    ("afe_cs2", 1, "high", "10 k pull-up instead of the gate's pull-down"),
    ("afe_reset2", 2, "high", "active low"),
)

# On the MCP23017; bits 7 and 15 are outputs only (Microchip DS20001952, revision D).
EXPANDER = (
    ("button_b", 0, "in"),
    ("k1_feedback", 1, "in"),
    ("k2_feedback", 2, "in"),
    ("k3_feedback", 3, "in"),
    ("terminal_cover", 4, "in"),
    ("main_cover", 5, "in"),
    ("magnet", 6, "in"),
)

# Flash, octal PSRAM, native USB (the REPL), UART0.
FORBIDDEN = tuple(range(26, 38)) + (19, 20, 43, 44)
ABSENT = (22, 23, 24, 25)
INPUT_ONLY = ()
# (strap pin, the one signal allowed there); 45 and 46 stay open: a level on 45 at reset would choose the flash voltage.
STRAPS = ((0, "button_a"), (3, "expander_int"), (45, None), (46, None))

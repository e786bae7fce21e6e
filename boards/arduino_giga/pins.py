# SPDX-License-Identifier: MIT
"""Arduino GIGA R1 WiFi (STM32H747): the pin table. UNPROVEN ON SILICON. Directions are explained in bringup.py.

Names are those of MicroPython's ports/stm32/boards/ARDUINO_GIGA/pins.csv, which has no Arduino names: the note gives
the header position (D.., from ArduinoCore-mbed variants/GIGA/variant.cpp). PA2, PA3 and PA7 are hidden in Pin.cpu there
and exist as board names only, so pins are always named by string. EV-ADE9153ASHIELDZ: signals on D2..D8 and the 2x3 SPI
header (analogdevicesinc/no-OS, projects/eval-ade9153a/README.rst).
"""

PINS = (
    ("k1_set", "PK3", "coil", "D30, primary 100 A contactor, close; 10 k pull-down on every gate"),
    ("k1_reset", "PK4", "coil", "D32, open"),
    ("k2_set", "PK5", "coil", "D34, secondary contactor"),
    ("k2_reset", "PK6", "coil", "D36"),
    ("k3_set", "PJ7", "coil", "D38, auxiliary 2 A relay"),
    ("k3_reset", "PE6", "coil", "D40"),
    ("afe_sclk", "PB3", "bus", "D91, 2x3 SPI header; SPI(1) mode 3, SoftSPI for ATM90E26"),
    ("afe_miso", "PG9", "bus", "D89"),
    ("afe_mosi", "PD7", "bus", "D90"),
    ("afe_cs", "PB8", "high", "D8, takes SCL of I2C(1)"),
    ("afe_reset", "PJ8", "high", "D4, active low"),
    ("afe_irq", "PA2", "irq", "D3, EXTI 2"),
    ("afe_cf", "PA3", "in", "D2, ZX / DREADY / CF2 of the shield, EXTI 3"),
    ("flash_sclk", "PH6", "bus", "D13, SPI(5), W25Q"),
    ("flash_miso", "PJ11", "bus", "D12"),
    ("flash_mosi", "PJ10", "bus", "D11"),
    ("flash_cs", "PK1", "high", "D10"),
    ("radio_tx", "PD5", "claim", "D18, UART(2), to XBee DIN"),
    ("radio_rx", "PD6", "claim", "D19"),
    ("radio_reset", "PI15", "high", "D42, active low"),
    ("radio_sleep", "PI10", "low", "D43, SLEEP_RQ"),
    ("radio_on", "PI13", "in", "D45, ON/SLEEP"),
    ("optical_tx", "PH13", "claim", "D16, UART(4); never 300 Bd here"),
    ("optical_rx", "PI9", "claim", "D17"),
    ("scl", "PH4", "bus", "D21, I2C(2)"),
    ("sda", "PB11", "bus", "D20"),
    ("power_fail", "PJ1", "edge", "D27, EXTI 1, 0 = supply failing"),
    ("button_a", "PJ14", "edge", "D26, EXTI 14"),
    ("button_b", "PJ15", "edge", "D28, EXTI 15"),
    ("k1_feedback", "PJ3", "in", "D31"),
    ("k2_feedback", "PJ4", "in", "D33"),
    ("k3_feedback", "PJ5", "in", "D35"),
    ("terminal_cover", "PJ6", "up", "D37, 0 = cover on"),
    ("main_cover", "PI14", "up", "D39"),
    ("magnet", "PG10", "up", "D44, 0 = magnet"),
    ("pulse_led", "PH15", "low", "D46"),
    ("backlight", "PE4", "low", "D49, gate with pull-down"),
    ("buzzer", "PE5", "low", "D51, active buzzer"),
)

PINS_E2C2 = PINS + (
    ("afe_cs2", "PB4", "high", "D7; JTAG NJTRST at reset: pulled up, deselected"),
    ("afe_reset2", "PB9", "high", "D9, active low; takes SDA of I2C(1)"),
    ("afe_irq2", "PJ12", "irq", "D22, EXTI 12"),
    ("afe_cf2", "PJ0", "in", "D25, EXTI 0"),
)

EXPANDER = ()

# From mpconfigboard.h, in this order: SDRAM; QSPI flash; Wi-Fi; Bluetooth; USB, SWD and the REPL's UART1; oscillators,
# BOOT0 button and LEDs.
FORBIDDEN = tuple(
    (
        "PE0 PE1 PE7 PE8 PE9 PE10 PE11 PE12 PE13 PE14 PE15 PD0 PD1 PD8 PD9 PD10 PD14 PD15 PH2 PH3 PH5 "
        "PF0 PF1 PF2 PF3 PF4 PF5 PF11 PF12 PF13 PF14 PF15 PG0 PG1 PG2 PG4 PG5 PG8 PG15 "
        "PG6 PF10 PD11 PD12 PE2 PF6 "
        "PB10 PI8 PC8 PC9 PC10 PC11 PC12 PD2 "
        "PA8 PF7 PF8 PF9 PA10 PG3 PH7 "
        "PA11 PA12 PA13 PA14 PA9 PB7 "
        "PH0 PH1 PC14 PC15 PC13 PI12 PJ13 PE3"
    ).split()
)
ABSENT = ()
INPUT_ONLY = ()
STRAPS = ()

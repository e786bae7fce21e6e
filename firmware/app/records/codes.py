# SPDX-License-Identifier: MIT
"""Event codes this firmware raises. Numbers: SMETS2/GBCS alert codes; 7Fxx are private. Issue order: see docs/features.md."""

from micropython import const

CLOCK_ADJUSTED = const(0x8145)
INTEGRITY_ISSUE = const(0x81A0)  # extra: sub-code below
MEASUREMENT_FAULT = const(0x81AC)  # the chip was found in reset, or is silent
NVM_FAULT = const(0x81AE)
PROGRAM_FAULT = const(0x81AF)  # a feature raised and was switched off; extra: feature number
UNEXPECTED_RESET = const(0x81B2)
WATCHDOG_RESET = const(0x81B3)
REVERSE_CURRENT = const(0x81BB)
CONNECT_FAILURE = const(0x81BD)
DISCONNECT_FAILURE = const(0x81C0)
CLOCK_NOT_ADJUSTED = const(0x8F0C)
OUTAGE_RESTORED = const(0x8F35)  # extra: seconds
OUTAGE_RESTORED_LONG = const(0x8F36)  # three minutes or more
SUPPLY_INTERRUPTED = const(0x8F57)
REGISTER_PRESET = const(0x7F10)  # private: authorised preset of a register
ENERGY_LOST = const(0x7F11)  # private: energy declared lost; extra: Wh
READING_REJECTED = const(0x7F12)  # private: implausible reading; extra: count since the last such event
CLOCK_INVALID = const(0x7F13)  # private: no valid time at boot
COMMAND_REFUSED = const(0x7F14)

# Sub-codes of INTEGRITY_ISSUE (project numbering; 4 RAM, 5 hardware reset, 6 watchdog, 8 measurement fault in DCC tools).
SUB_CALIBRATION = const(20)
SUB_CONFIG_REPAIRED = const(21)
SUB_STORE_FELL_BACK = const(22)
SUB_SAFE_MODE = const(23)

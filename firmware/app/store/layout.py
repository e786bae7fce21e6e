# SPDX-License-Identifier: MIT
"""Where everything lies that survives power loss; docs/SPEC.md has the bytes. Addresses are those of the 32 KiB FRAM.

| from   | to     | what                                                              |
|--------|--------|-------------------------------------------------------------------|
| 0x0000 | 0x00FF | not used (an erased or wrongly addressed part is written to here first) |
| 0x0100 | 0x02FF | hot records: 2 elements x 2 slots x 128 bytes                     |
| 0x0300 | 0x07FF | free                                                              |
| 0x0800 | 0x27FF | event logs: 4 x 2 KiB, each 102 slots of 20 bytes                 |
| 0x2800 | 0x3FEF | free                                                              |
| 0x4000 | 0x7DFF | cold records: 31 ids x 2 copies x 256 bytes                       |
| 0x7E00 | 0x7FF7 | free                                                              |
| 0x7FF8 | 0x7FFF | the FRAM driver's signature                                       |
"""

from micropython import const

HOT_BASE = const(0x0100)
HOT_SLOT = const(128)

EVENT_BASE = const(0x0800)
EVENT_LOG_SIZE = const(0x0800)
EVENT_SLOTS = const(102)  # 100 entries, one that may be torn, one that is being overwritten
EVENT_PAYLOAD = const(12)

COLD_BASE = const(0x4000)
COLD_COPY = const(256)
COLD_IDS = const(31)
COLD_PAYLOAD_MAX = const(224)

# Ids of cold records. What they hold is the owner's business; a payload starts with its own version byte.
CALIBRATION_0 = const(0)  # element 1; calibrations are stored doubly: both copies always hold the newest
CALIBRATION_1 = const(1)
CONFIG = const(2)
DECLARED_LOST = const(3)
CONTACTOR = const(4)
BOOT = const(5)
TARIFF = const(6)  # first of the ids of the tariff registers: 6..13
BILLING = const(14)  # 14..17
OWN_FROM = const(18)  # 18..30 are not given out yet

# Tables (app/store/tables.py): what is too big for a cold record.
TABLE_TARIFF_A = const(1)
TABLE_TARIFF_B = const(2)
TABLE_TARIFF_C = const(3)
TABLE_CONFIG = const(4)
TABLE_DISPLAY = const(5)
TABLE_ALCS = const(6)
TABLE_COUNT = const(16)  # 7..16 are not given out yet

# Event logs, by SMETS2 name: security, standard, power, ALCS.
LOG_SECURITY = const(0)
LOG_STANDARD = const(1)
LOG_POWER = const(2)
LOG_ALCS = const(3)

# Rings on a block store: ring id (in each sector's mark). Which sectors they get is the board's choice.
RING_HOT_0 = const(1)
RING_HOT_1 = const(2)
RING_COLD = const(3)
RING_EVENT = const(4)  # 4..7
RING_PROFILE = const(8)  # from here on: profiles

# Sectors of a raw partition (256 x 4 KiB = 1 MiB and up), in this order: two hot rings, cold ring, event ring.
HOT_SECTORS = const(96)
COLD_SECTORS = const(24)
EVENT_SECTORS = const(8)


def hot_address(element_index, slot):
    """FRAM address of a hot slot (0 or 1)."""
    return HOT_BASE + (element_index * 2 + slot) * HOT_SLOT


def event_address(log):
    """FRAM address of an event log, LOG_SECURITY..LOG_ALCS."""
    return EVENT_BASE + log * EVENT_LOG_SIZE


def is_doubled(cold_id):
    """True for the ids whose two copies both hold the newest content."""
    return cold_id <= CALIBRATION_1

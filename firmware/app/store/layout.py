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
TARIFF_TOU = const(6)
TARIFF_BLOCK = const(7)
TARIFF_SECONDARY = const(8)
TARIFF_CONTROL = const(9)
DEMAND = const(11)
PROFILE_STATE = const(12)
SUPPLY_0 = const(13)  # state machine of the contactor
SUPPLY_1 = const(14)
ALCS = const(15)
TAMPER = const(16)
QUALITY = const(17)
SCHEDULE = const(18)
SETTINGS = const(19)
ALCS_CALENDAR = const(20)
EVENT_MASKS = const(21)
OUTAGE = const(22)
LOAD_LIMIT = const(23)
PRIVACY = const(24)
OWN_FROM = const(25)  # 25..30 are not given out yet

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

# Rings on a block store: ring id (in each sector's mark). Which sectors they get: `plan`.
RING_HOT_0 = const(1)
RING_HOT_1 = const(2)
RING_COLD = const(3)
RING_EVENT = const(4)  # 4..7
RING_LOAD_0 = const(8)  # load profile of element 1
RING_LOAD_1 = const(9)
RING_INSTRUMENTATION = const(10)
RING_VOLTAGE = const(11)
RING_DAILY = const(12)
RING_BILLING_DAILY = const(13)
RING_BILLING_WEEKLY = const(14)
RING_BILLING_MONTHLY = const(15)
RING_BILLING_ASYNC = const(16)
RING_DIPS = const(17)
TABLES = const(18)  # no ring, but in the plan
RING_IDS = const(19)

PAYLOAD_LOAD = const(24)
PAYLOAD_INSTRUMENTATION = const(24)
PAYLOAD_VOLTAGE = const(10)
PAYLOAD_DAILY = const(16)
PAYLOAD_BILLING = const(232)
PAYLOAD_DIPS = const(16)

# Sectors. Three of a ring's are blank, or partly filled and about to go: what is kept for sure is that much less.
_AMPLE = const(512)  # sectors of a store that need not be saved on
HOT_SECTORS = const(96)
_HOT_SECTORS_SMALL = const(48)
COLD_SECTORS = const(24)
EVENT_SECTORS = const(6)
_LOAD_MOST = const(384)  # 42672 intervals: 731 days of half-hours are 35088
_LOAD_LEAST = const(48)
# (ring id, sectors): what any store gets first, with or without FRAM
_ALWAYS = (
    (TABLES, 2 * TABLE_COUNT),
    (RING_BILLING_DAILY, 12),  # 16 records a sector: 144; 31 sets of up to 3
    (RING_BILLING_WEEKLY, 5),  # 32; 5 sets
    (RING_BILLING_MONTHLY, 8),  # 80; 13 sets
    (RING_BILLING_ASYNC, 5),  # 32; 4 sets
    (RING_DAILY, 8),  # 800; 731 days
    (RING_DIPS, 6),  # 480
    (RING_VOLTAGE, 24),  # 4368; 4320 periods
)
_INSTRUMENTATION = const(48)  # 5040; 92 days of half-hours are 4416


def plan(sector_count, in_flash, elements):
    """Who gets which sectors of a block store: list, by ring id, of (first sector, sectors) or None. Boot only.

    in_flash: there is no FRAM. What a small store has no room for is left out; it never is what holds the registers.
    raises: ValueError: not even these fit
    """
    places = []
    for _ in range(RING_IDS):
        places.append(None)
    at = 0
    if in_flash:
        hot = HOT_SECTORS if sector_count >= _AMPLE else _HOT_SECTORS_SMALL
        for element in range(elements):
            at = _place(places, RING_HOT_0 + element, at, hot)
        at = _place(places, RING_COLD, at, COLD_SECTORS)
        for log in range(4):
            at = _place(places, RING_EVENT + log, at, EVENT_SECTORS)
        if at > sector_count:
            raise ValueError("the flash partition has only %d sectors of %d" % (sector_count, at))
    for ring_id, sectors in _ALWAYS:
        if at + sectors <= sector_count:
            at = _place(places, ring_id, at, sectors)
    if at + _INSTRUMENTATION + elements * _LOAD_LEAST <= sector_count:
        at = _place(places, RING_INSTRUMENTATION, at, _INSTRUMENTATION)
    load = min(_LOAD_MOST, (sector_count - at) // elements)
    if load >= 4:
        for element in range(elements):
            at = _place(places, RING_LOAD_0 + element, at, load)
    return places


def _place(places, ring_id, at, sectors):
    places[ring_id] = (at, sectors)
    return at + sectors


def hot_address(element_index, slot):
    """FRAM address of a hot slot (0 or 1)."""
    return HOT_BASE + (element_index * 2 + slot) * HOT_SLOT


def event_address(log):
    """FRAM address of an event log, LOG_SECURITY..LOG_ALCS."""
    return EVENT_BASE + log * EVENT_LOG_SIZE


def is_doubled(cold_id):
    """True for the ids whose two copies both hold the newest content."""
    return cold_id <= CALIBRATION_1

# SPDX-License-Identifier: MIT
"""ADE9153A: addresses, wanted configuration and conversion constants of the 100 A meter.

Profile: 300 uOhm shunt at PGA x16, divider 990k/1k, 230 V 50 Hz, 1000 imp/kWh. Source: ADE9153A data sheet Rev. 0,
Table 8 and 9 (pp. 32-47), conversion pp. 22-26.
Design values: 1 Wh is exactly 352 704 counts of xHR_HI (64 x CFxDEN, CFxDEN = 5511), so TARGET_AICC and TARGET_AVCC are
the nominal 2793.968 nA and 13290.345 nV a code less 6.44 and 6.17 ppm; calibration makes every unit meet them.
"""

from array import array

from micropython import const

COUNTS_PER_WH = const(352704)
TARGET_AICC_PA = const(2793950)  # pA rms a code of AIRMS
TARGET_AVCC_PV = const(13290263)  # pV rms a code of AVRMS
TARGET_WCC_NW = const(4983818)  # nW a code of AWATT, AFVAR, AVA = AICC * AVCC * 2**27

STATUS = const(0x402)
RUN = const(0x480)
CONFIG1 = const(0x481)
EP_CFG = const(0x4B0)
CRC_FORCE = const(0x4B4)
CRC_RSLT = const(0x4A8)
WR_LOCK = const(0x4BF)
CHIP_STATUS = const(0x4C2)
EVENT_STATUS = const(0x4C1)
DIPA = const(0x411)
SWELLA = const(0x415)
VPEAK = const(0x401)
VERSION_PRODUCT = const(0x242)
CHIP_ID_HI = const(0x472)
CHIP_ID_LO = const(0x473)

LOCK = const(0x3C64)
UNLOCK = const(0x4AD1)
CF_ACC_CLR = const(0x20)

RECORD_SIZE = const(32)
_CALIBRATED = (0x000, 0x002, 0x005, 0x001, 0x006, 0x007, 0x003, 0x004)

# address, high half, low half; in the order of writing. EP_CFG is last: it starts the accumulators.
_PROFILE = (
    (0x4B9, 0, 0x0012),  # AI_PGAGAIN: x16, signal on IAP
    (0x020, 0, 0x0010),  # CONFIG0: fast rms before the high-pass (p. 27)
    (
        0x481,
        0,
        0x4300,
    ),  # CONFIG1: events on entry and exit; no PWR_SETTLE, the settling time is waited for before EP_CFG
    (0x4AF, 0, 0x0C00),  # CONFIG2: high-pass 0.625 Hz
    (0x493, 0, 0x0004),  # CONFIG3: peak detection, the heartbeat of the DSP
    (0x492, 0, 0x0000),  # ACCMODE: signed, 50 Hz
    (0x491, 0, 0x0005),  # COMPMODE: mandatory
    (0x40F, 0x0022, 0xEA28),  # VLEVEL = 2 x 1 144 084 (p. 23 prints 1 444 084; unverified)
    (0x40E, 0x0050, 0x0000),  # USER_PERIOD
    (0x49A, 0, 0x0000),  # ZX_CFG
    (0x499, 0, 0x0009),  # ZXTHRSH
    (0x498, 0, 399),  # ZXTOUT: 100 ms
    (0x41C, 0, 0xE6BE),  # ACT_NL_LVL: 4.6 W = 20 mA at 230 V, P / WCC * 64 (ADE9078 data sheet p. 41)
    (0x41D, 0, 0xE6BE),  # REACT_NL_LVL
    (0x41E, 0, 0xE6BE),  # APP_NL_LVL
    (0x420, 0x0010, 0x0000),  # WTHR
    (0x421, 0x0010, 0x0000),  # VARTHR
    (0x422, 0x0010, 0x0000),  # VATHR
    (0x04C, 0, 0x03E8),  # VDIV_RSMALL: 1 kOhm
    (0x490, 0, 0x0020),  # CFMODE: CF1 active, CF2 fundamental reactive
    (0x494, 0, 5511),  # CF1DEN
    (0x495, 0, 5511),  # CF2DEN
    (0x425, 0, 0x0000),  # CF_LCFG
    (0x410, 0x0007, 0x6D45),  # DIP_LVL: 207 V, rms code / 2**5 (unverified scale)
    (0x48B, 0, 1),  # DIP_CYC: an event from the first half cycle on, and over with the first that is not
    (0x414, 0x0009, 0x13C7),  # SWELL_LVL: 253 V
    (0x48C, 0, 1),  # SWELL_CYC
    (0x409, 0x00FF, 0xFFFF),  # OI_LVL: off
    (0x405, 0x4000, 0x0000),  # MASK: EVENT_STAT, so that IRQ says at once that a dip or swell begins or ends
    (0x021, 0, 0x0000),  # VNOM
    (0x022, 0, 0x0000),  # DICOEFF
    (0x030, 0, 0x0000),  # MS_ACAL_CFG
    (0x008, 0, 0x0000),  # AVRMS_OC_OS
    (0x009, 0, 0x0000),  # AIRMS_OC_OS
    (0x4B6, 0, 0x0000),  # TEMP_CFG
    (0x4B1, 0, 0x0F9F),  # PWR_TIME: 1 s
    # EGY_TIME: 8 samples, 2 ms. It is how far the end of a metering second, or a pulse, may be off; the power that is
    # accumulated has been low-passed, so a window need not be a half cycle.
    (0x4B2, 0, 7),
    # EP_CFG: free running, windows of samples, no-load judged over 64 of them. A load that comes on is not counted before the
    # window ends: 4096 samples cost a house of short loads 0.7 % of its reactive energy. The power is low-passed already.
    (0x4B0, 0, 0x0001),
)


def wanted():
    """array('H') of (address, high, low) triples: calibration registers (zero), then the profile; EP_CFG last."""
    table = array("H", [])
    for address in _CALIBRATED:
        table.extend(array("H", (address, 0, 0)))
    for row in _PROFILE:
        table.extend(array("H", row))
    return table


def calibrate(table, record):
    """Put a calibration payload into `table` (of `wanted()`); None means nominal gains. allocates: no

    record: RECORD_SIZE bytes, eight little-endian i32: AIGAIN, AVGAIN, APGAIN, APHASECAL, AWATT_OS, AFVAR_OS,
    AIRMS_OS, AVRMS_OS, as the chip's registers hold them (gains and phase in 2**-27).
    returns: False when it is malformed: wrong length, a gain of V or P beyond +-50 %, one of I beyond that of either
    polarity (1 or -1), a phase beyond +-2**25; the table is then unchanged.
    """
    if record is not None and (
        len(record) != RECORD_SIZE
        or not _near(record, 0, 0)
        and not _near(record, 0, 0xF000)
        or not _near(record, 4, 0)
        or not _near(record, 8, 0)
        or not 0 <= (_high(record, 12) + 0x0200 & 0xFFFF) <= 0x0400
    ):
        return False
    i = 0
    while i < 8:
        at = 4 * i
        table[3 * i + 1] = 0 if record is None else _high(record, at)
        table[3 * i + 2] = 0 if record is None else record[at] | record[at + 1] << 8
        i += 1
    return True


def _high(record, at):
    return record[at + 2] | record[at + 3] << 8


def _near(record, at, centre):
    # Within +-2**26 of `centre` << 16.
    return (_high(record, at) - centre + 0x0400 & 0xFFFF) <= 0x0800

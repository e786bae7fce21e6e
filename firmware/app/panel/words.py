# SPDX-License-Identifier: MIT
"""What the glass says in letters. Seven segments have no G, K, M, V, W, X: words are chosen, or spelled, so as to do without.

The steps of an installation follow those of SMETS2 meters' manuals ("COM OK" as "COn donE"); all else is this project's.
"""

from micropython import const

# Descriptors by number, four characters each; 0 is none: the descriptor then is the OBIS code.
DESCRIPTORS = (
    b"    UtC LOCLdAtESUPPAUH rAtEPrICLOAdUndrOvErtPErStAtPULSSoFt  IdHArdtYPEInPUCOnS"
    b"PIn nEnUbOStSEt rPt rELYPrPYUtrnInSt"
)
COUNT = const(29)
UTC = const(1)
LOCAL = const(2)
SUPPLY = const(4)
SOFTWARE = const(14)
PIN = const(20)
MENU = const(21)
BOOST = const(22)
SET = const(23)
REPEAT = const(24)
RELAY = const(25)
PREPAYMENT = const(26)
UTRN = const(27)
STEP = const(28)

# Texts of eight characters, by number.
TEXTS = (
    b"OFF     On      rEAdY   LOC     "
    b"init    sElF    nO HUb  SCAn    PAIr    JOInEd  COn donEFAIL    "
    b"SUPPLY  PrEPAY  Utrn    PIn     LOAd    bEEP On End     bEEP OFF"
    b"15 nin  30 nin  45 nin  60 nin  OFF     On      OFF     End     "
    b"SEt     OFF     End     "
    b"  ----  --------        donE    FAIL    On yES-bOn yES-A"
)
WIDTH = const(8)
STATES = const(0)  # of a supply (app.supply.control), of a switch: 0, 1; what nobody knows is dashes
STATES_COUNT = const(4)
INSTALL = const(4)  # steps of an installation; the last one has a number
INSTALL_FAILED = const(7)
# By the numbers of app.panel.modes: the menu, what modes 6 and 5 offer.
MENU_ENTRIES = const(12)
BEEP_OFF = const(19)
BOOST_CHOICES = const(20)
PIN_CHOICES = const(28)
HIDDEN = const(31)
DASHES = const(32)
BLANK = const(33)
DONE = const(34)
FAILED = const(35)
ENABLE = const(36)
ENABLE_SEALED = const(37)

# Descriptors by what an entry of digits is for, and by mode.
OF_PURPOSE = b"\x14\x17\x18"  # PIN, SET, REPEAT
OF_MODE = b"\x1c\x15\x15\x1a\x1b\x14\x16\x15"  # STEP, MENU, MENU, PREPAYMENT, UTRN, PIN, BOOST, MENU

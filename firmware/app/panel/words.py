# SPDX-License-Identifier: MIT
"""What the glass says in letters. Seven segments have no G, K, M, V, W, X: words are chosen, or spelled, so as to do without.

The steps of an installation follow those of SMETS2 meters' manuals ("COM OK" as "COn donE"); all else is this project's.
"""

from micropython import const

from app.panel.glass import glyph

# Descriptors by number, four characters each; 0 is none: the descriptor then is the OBIS code.
_DESCRIPTORS = (
    b"    UtC LOCLdAtESUPPAUH rAtEPrICLOAdUndrOvErtPErStAtPULSSoFt  IdHArdtYPEInPUCOnS"
    b"PIn nEnUbOStSEt rPt rELYPrPYUtrnInSt"
)
DESCRIPTORS = const(29)
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

# State of a supply (app.supply.control), of a switch: 0, 1; what nobody knows is dashes.
STATES = (b"OFF", b"On", b"rEAdY", b"LOC")

# Steps of an installation; the last one has a number.
INSTALL = (b"init", b"sElF", b"nO HUb", b"SCAn", b"PAIr", b"JOInEd", b"COn donE", b"FAIL")
INSTALL_FAILED = const(7)

# By the numbers of app.panel.modes: the menu, what modes 5 and 6 offer.
MENU_ENTRIES = (b"SUPPLY", b"PrEPAY", b"Utrn", b"PIn", b"LOAd", b"bEEP On", b"End")
BEEP_OFF = b"bEEP OFF"
BOOST_CHOICES = (b"15 nin", b"30 nin", b"45 nin", b"60 nin", b"OFF", b"On", b"OFF", b"End")
PIN_CHOICES = (b"SEt", b"OFF", b"End")
PURPOSES = (PIN, SET, REPEAT)
HIDDEN = b"  ----"
NOTHING = b"--------"
BLANK = b""

DONE = b"donE"
FAILED = b"FAIL"
ENABLE = b"On yES-b"
ENABLE_SEALED = b"On yES-A"


def descriptor_into(marks, number):
    """Segments of a word's four characters into marks[0..3]. allocates: no"""
    at = number * 4
    for i in range(4):
        marks[i] = glyph(_DESCRIPTORS[at + i])

# SPDX-License-Identifier: MIT
"""CS1 and CS2 for any register values: what the driver computes is what the chip wants, and its status says so.

Source: Atmel-46002B 5.3 (checksums; SysStatus: CalErr 15..14, AdjErr 13..12).
"""

from drivers.atm90e26_profile import checksum
from hypothesis import given, settings
from hypothesis import strategies as st
from test_atm90e26_model import Rig

WORD = st.integers(0, 0xFFFF)


def status_of(metering, adjustment, cs1, cs2):
    """SysStatus of a chip that runs with these registers and checksums."""
    rig = Rig().load(metering, adjustment, run=False)
    for address, word in ((0x2C, cs1), (0x3B, cs2), (0x20, 0x8765), (0x30, 0x8765)):
        rig.write(address, word)
    return rig.read(0x01)


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[WORD] * 11), st.tuples(*[WORD] * 10), st.integers(0, 31))
def test_any_registers(metering, adjustment, bit):
    cs1, cs2 = checksum(metering), checksum(adjustment)
    assert status_of(metering, adjustment, cs1, cs2) & 0xF000 == 0
    # One bit of either sum wrong: refused, by the block that it belongs to.
    if bit < 16:
        assert status_of(metering, adjustment, cs1 ^ 1 << bit, cs2) & 0xF000 == 0xC000
    else:
        assert status_of(metering, adjustment, cs1, cs2 ^ 1 << bit - 16) & 0xF000 == 0x3000

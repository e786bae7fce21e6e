# SPDX-License-Identifier: MIT
"""What goes into a billing set, by part. Bytes: docs/SPEC.md, "Billing set"."""

from struct import pack_into

from micropython import const

_ELEMENTS = const(2)
_REGISTERS = const(6)
_TOU = const(48)
_GROUPS = const(8)
_BLOCKS = const(4)
_SECONDARY = const(4)

# Part 0, from the end of the head
TOTALS_AT = const(0)  # 12 u32, six an element
DEMAND_AT = const(48)  # demand.CHANNELS x (W i32, minute i32)
SECONDARY_AT = const(72)  # 4 u32
PERIOD_AT = const(88)  # 8 u32: consumption of the block groups in their period
MONEY_AT = const(120)  # units i32, part i32 (1e-8)
SCRIPT_AT = const(128)  # u8 script in force


class BillingSource:
    """served_wh: State.served_wh; tariff: Tariff; demand: Demand."""

    def __init__(self, served_wh, tariff, demand):
        self.served_wh = served_wh
        self.tariff = tariff
        self.demand = demand

    def ready(self):
        """False in the first seconds after a boot."""
        return self.tariff.ready

    def pack_part_into(self, part, buf, at):
        """Parts 0 totals, 1 TOU registers, 2 block registers, block by block. allocates: no"""
        if part == 0:
            self._totals(buf, at)
        elif part == 1:
            tariff = self.tariff
            for i in range(_TOU):
                pack_into("<I", buf, at + 4 * i, tariff.tou_wh(i))
        else:
            tariff = self.tariff
            for block in range(_BLOCKS):
                for group in range(_GROUPS):
                    pack_into("<I", buf, at, tariff.block_wh(block, group))
                    at += 4

    def _totals(self, buf, at):
        to = at + TOTALS_AT
        for registers in self.served_wh:
            for wh in registers:
                pack_into("<I", buf, to, wh)
                to += 4
        self.demand.pack_into(buf, at + DEMAND_AT)
        tariff = self.tariff
        for i in range(_SECONDARY):
            pack_into("<I", buf, at + SECONDARY_AT + 4 * i, tariff.secondary_tou_wh(i))
        for group in range(_GROUPS):
            wh = 0
            for block in range(_BLOCKS):
                wh += tariff.block_counter(block, group)
            pack_into("<I", buf, at + PERIOD_AT + 4 * group, wh)
        money = tariff.money()
        pack_into("<ii", buf, at + MONEY_AT, money.units, money.part)
        buf[at + SCRIPT_AT] = tariff.active_script

# SPDX-License-Identifier: MIT
"""Every driver and model, assigned to the port that it claims to be. Not run: pyright reads it (`make check`), and a part
that does not fit its port is an error there.
"""

from typing import Any

from app.panel.face import Face
from app.records.journal import Journal
from app.store.byte_ring import ByteRing
from app.store.cold import ColdStore
from app.store.cold_ring import ColdRing
from app.store.crc32 import Crc32 as AppCrc32
from app.store.ring import Ring
from app.supervision import Supervision
from app.supply.supply import Supply
from app.timekeeper import Timekeeper
from drivers.ade9153a import ADE9153A
from drivers.atm90e26 import ATM90E26
from drivers.crc32 import Crc32
from drivers.ds3231 import DS3231
from drivers.fram_i2c import FramI2C
from drivers.ht1621 import HT1621
from drivers.latching_relay import LatchingRelay
from drivers.partition_store import PartitionStore
from drivers.pcf85176 import PCF85176
from drivers.pulse_led import CfPassThrough, PulseLed
from drivers.w25q import W25Q
from virtual.remote import LinkBlocks, LinkClock, LinkWatchdog

from host_tools import ports
from host_tools.bench.chips.ade9153a import ADE9153AModel
from host_tools.bench.chips.atm90e26 import ATM90E26Model
from host_tools.bench.chips.ds3231 import DS3231Model
from host_tools.bench.chips.fram import Fram
from host_tools.bench.chips.mcp23017 import MCP23017Model
from host_tools.bench.chips.partition import Partition
from host_tools.bench.chips.pcf85176 import PCF85176 as PCF85176Model
from host_tools.bench.chips.w25q import W25q
from host_tools.bench.clock import VirtualClock
from host_tools.bench.virtual_board import Watchdog


def drivers(spi: Any, i2c: Any, pin: Any, clock: ports.Clock, partition: ports.FlashPartition):
    front_ends: list[ports.FrontEnd] = [ADE9153A(spi, pin, pin, clock), ATM90E26(spi, pin, clock)]
    byte_stores: list[ports.ByteStore] = [FramI2C(i2c)]
    block_stores: list[ports.BlockStore] = [W25Q(spi, pin, clock), PartitionStore(partition)]
    relays: list[ports.Relay] = [LatchingRelay(pin, pin, pin)]
    lcds: list[ports.LcdPart] = [PCF85176(i2c), HT1621(clock, pin, pin, pin)]
    rtcs: list[ports.Rtc] = [DS3231(i2c)]
    checksums: list[ports.Checksum] = [Crc32(), AppCrc32()]
    pulses: list[ports.PulseOutput] = [PulseLed(pin), CfPassThrough()]
    return front_ends, byte_stores, block_stores, relays, lcds, rtcs, checksums, pulses


def board_objects(link: Any, world: Any):
    clocks: list[ports.Clock] = [VirtualClock(), LinkClock(link)]
    watchdogs: list[ports.Watchdog] = [Watchdog(world), LinkWatchdog(link, "watchdog")]
    partitions: list[ports.FlashPartition] = [Partition(VirtualClock()), LinkBlocks(link, "flash")]
    return clocks, watchdogs, partitions


def app_parts(byte_ring: ByteRing, ring: Ring, cold: ColdStore, cold_ring: ColdRing):
    rings: list[ports.RecordRing] = [byte_ring, ring]
    colds: list[ports.ColdRecords] = [cold, cold_ring]
    return rings, colds


def features(face: Face, journal: Journal, supervision: Supervision, supply: Supply, timekeeper: Timekeeper):
    found: list[ports.Feature] = [face, journal, supervision, supply, timekeeper]
    return found


def models(clock: VirtualClock, errors: Any, rng: Any):
    chips: list[ports.MeteringChip] = [ADE9153AModel(clock, errors, rng), ATM90E26Model(clock, errors, rng)]
    on_spi: list[ports.SpiDevice] = [ADE9153AModel(clock, errors, rng), ATM90E26Model(clock, errors, rng), W25q(clock)]
    on_i2c: list[ports.I2cDevice] = [Fram(), DS3231Model(clock), MCP23017Model(clock), PCF85176Model(clock, rng)]
    return chips, on_spi, on_i2c

# SPDX-License-Identifier: MIT
"""The supply goes while contactors are being operated: the boot waits, and finishes at most what was interrupted, once."""

from app.supply import door

from tests_host.proofs.power_cut_bench import DARK_US, SEED, Life

CHIPS = ("ade9153a", "atm90e26")
COMMANDS_US = 11_000_000
SUPPLY_GOOD_US = 10_000_000
# Three at once: they queue for the one coil supply.
COMMANDS = (door.CONTACTOR_OPEN, door.SECOND_OPEN, door.AUX_OPEN)


def coils(full):
    """returns: (pulses that boots gave, cuts)"""
    pulses = []
    for chip in CHIPS if full else CHIPS[:1]:
        life = Life(chip, "300W", variant="e1c2r", until_s=14)
        life.at_us(COMMANDS_US, _command)
        pulses += life.cut_every_byte(
            COMMANDS_US - 200_000,
            COMMANDS_US + 2_400_000,
            _boot,
            1 if full else 19,
            between=True,
            stride=1 if full else 12,
        )
        assert all(not relay.closed for relay in life.bench.relays), "the uncut run did not do its commands"
    assert 0 < sum(pulses) < len(pulses) * len(COMMANDS), "no cut met a command under way"
    return sum(pulses), len(pulses)


def _command(meter, now_ms):
    for code in COMMANDS:
        result = meter.door.submit(door.SERVICE, code, None, now_ms)
        assert result == 0, f"command {code} refused: {result}"


def _boot(life):
    """After a cut: nothing moves for 10 s of good supply, then one pulse at most each, the interrupted way. returns: pulses"""
    where = f"coils, seed {SEED}, cut at {life.cut_us / 1e6:.4f} s"
    relays = life.bench.relays
    before = [len(relay.pulses) for relay in relays]
    closed = [relay.closed for relay in relays]
    life.reboot()
    wanted = [switch.commanded for switch in life.sim.meter.supply.switches]
    interrupted = [switch.busy() for switch in life.sim.meter.supply.switches]
    supply_us = life.cut_us + DARK_US
    life.go_on(supply_us + SUPPLY_GOOD_US - life.world.clock.now_us)
    for k, relay in enumerate(relays):
        assert len(relay.pulses) == before[k] and not relay.set_pin.level and not relay.reset_pin.level, (
            f"{where}: K{k + 1} early"
        )
        assert relay.closed == closed[k], f"{where}: K{k + 1} moved in the dark"
    life.go_on(5_000_000)
    given = 0
    for k, relay in enumerate(relays):
        own = relay.pulses[before[k] :]
        assert not relay.damage, f"{where}: {relay.damage}"
        assert len(own) <= 1, f"{where}: K{k + 1} got {own}"
        if own:
            assert interrupted[k] and closed[k] != bool(wanted[k]), (
                f"{where}: K{k + 1} got {own} and had nothing to finish"
            )
            assert own[0].coil == ("set" if wanted[k] else "reset"), f"{where}: K{k + 1} went the wrong way"
            given += 1
        if interrupted[k]:
            assert relay.closed == bool(wanted[k]), f"{where}: K{k + 1} is not what was commanded"
    assert not life.falls, f"{where}: {life.falls[0]}"
    return given

# SPDX-License-Identifier: MIT
"""The tariff of the meter: at any moment exactly one register of an element is active; calendars say which.

A switch acts once. The calendar is asked at boundaries only (next switch, day, activation, a new time line), so a clock that is
corrected back over a boundary does not act again; after a restart the minute stored with the last switch holds instead. While
the clock is not valid the configured default script is in force and calendars hold.

Sources: SMETS2 technical specification, Tariff Switching Table, Tariff Threshold Matrix; GBCS use cases for tariff and price;
alert codes 8F66 and 8F67 (future-dated command done, failed).
"""

from micropython import const

from app.records import codes
from app.tariff import division
from app.tariff.sets import Sets

_TOU_ID = const(6)  # -> layout.TARIFF_TOU
_BLOCK_ID = const(7)  # -> layout.TARIFF_BLOCK
_SECONDARY_ID = const(8)  # -> layout.TARIFF_SECONDARY
_CONTROL_ID = const(9)  # -> layout.TARIFF_CONTROL

_MINUTES_A_DAY = const(1440)
_STEPPED_MIN = const(2)  # a correction of 10 s goes back over one minute; beyond two it is another time line
_GRACE_S = const(5)  # after a boot, for the RTC to be read, before the default script is charged
_FAR = const(0x3FFFFFFF)

SUB_TARIFF_LOST = const(24)  # -> events table: sub-code of 81A0, a tariff page or set was lost

# Values of block_reset
BY_SCRIPT = const(0)  # script 99 alone
DAILY = const(1)
BILLING = const(2)  # billing calls reset_block_counters

FIELDS = """tariff
default_script 1 108 1
secondary_default_script 201 204 201
block_reset 0 2 0
fold_wh 100 20000 10000
# default_script: without a valid time; 49..100 are no scripts
# block_reset: unverified: which of the three a meter leaves the factory with
# fold_wh: most that is derived from the total and not yet in its register's own record
"""


def rule(config):
    """Do the values of FIELDS go together?"""
    return not 48 < config.default_script < 101


class Tariff:
    """sets: Sets; primary: PrimaryDivision; secondary: Division or None. What they hold may be read any time after `ready`.

    switches: switches so far in this run, counters that others compare with what they saw last. changed: a set was activated;
    whoever takes the snapshot clears it (`sets.swaps` is the lasting count). falls: totals that were found to have fallen.
    """

    by_boundary = True  # for Rounds

    def __init__(self, served_wh, clock, cold, tables, crc, config, log, elements=1):
        """served_wh: State.served_wh. tables: Tables or None. config: a group of FIELDS. log: Journal."""
        self._served_wh = served_wh
        self._clock = clock
        self._config = config
        self._log = log
        self.sets = Sets(cold, _CONTROL_ID, tables, crc, config)
        tariff_set = self.sets.set
        self.primary = division.primary(cold, _TOU_ID, _BLOCK_ID, tariff_set, config.default_script)
        self.secondary = None
        self._divisions = (self.primary,)
        if elements > 1:
            self.secondary = division.secondary(cold, _SECONDARY_ID, tariff_set, config.secondary_default_script)
            self._divisions = (self.primary, self.secondary)
        self.ready = False
        self.changed = False
        self.switches = 0
        self.falls = 0
        self._grace_s = _GRACE_S
        self._force = False  # a new time line or calendar: what was acted on before does not hold
        self._exchanged = False  # by a set whose first script is not in force yet: totals stand still here
        self._generation = -1
        self._valid = False
        self._last = -1  # minute number of the last boundary looked at
        self._next = 0
        self._day = -1

    def begin(self):
        """The registers are restored: what a new meter counts from here on belongs to its first register. Boot only."""
        for number in range(len(self._divisions)):
            self._divisions[number].ledger.expect(self._served_wh[number][0])

    # The pass

    def poll(self, now_ms, second):
        """Once a pass, after the energy has been saved. allocates: no (before `ready`: a little)"""
        if not second and not self.sets.busy:
            return
        if not self.ready and not self._restore():
            return
        if self.sets.poll():
            self._swapped()
        # Between two sets the totals stand still here: what flows is charged by the new one.
        if not second or self.sets.swapping or not self._follow():
            return
        minute = self._minute()
        if minute < -1:
            return
        if self.sets.due(minute):
            if self._fold_all():
                swaps = self.sets.swaps
                self.sets.swap()
                if self.sets.swaps != swaps or self.sets.failed:
                    self._swapped()
            if self.sets.swapping:
                return
        if self._force or minute >= self._next or minute < self._last - _STEPPED_MIN:
            self._boundary(minute)
            if self._exchanged and not self._force:
                self._exchanged = False
                self._follow()

    @property
    def restless(self):
        """A set is being received or exchanged: poll every pass."""
        return self.sets.busy

    def until_s(self):
        """Seconds to the next boundary, 1..86400. allocates: no"""
        clock = self._clock
        if not self._settled():
            return 1
        if not clock.valid:
            return 86_400
        second = clock.second
        ahead = self._next
        if 0 < self.sets.activation < ahead and self.sets.passive:
            ahead = self.sets.activation
        ahead -= clock.day * _MINUTES_A_DAY + second // 60
        if ahead > _MINUTES_A_DAY:
            return 86_400
        return max(1, ahead * 60 - second % 60)

    def _settled(self):
        if not self.ready or self._generation < 0 or self.sets.busy or self._force or self._valid != self._clock.valid:
            return False
        for part in self._divisions:
            if part.ledger.pending:
                return False
        return not self.sets.due(-1)

    def _restore(self):
        """One part a call: each takes some tens of milliseconds of the FRAM's bus, and energy reads must not wait for all."""
        waits = None
        for number in range(len(self._divisions)):
            ledger = self._divisions[number].ledger
            ledger.expect(self._served_wh[number][0])
            if not ledger.ready and waits is None:
                waits = number
        if not self.sets.ready:
            self.sets.restore()
            return False
        if waits is not None:
            self._divisions[waits].ledger.restore(self._served_wh[waits][0])
            return False
        lost = self.sets.lost
        for part in self._divisions:
            lost = lost or part.ledger.lost
        if lost:
            self._log.append_now(codes.INTEGRITY_ISSUE, SUB_TARIFF_LOST)
        self.primary.recall()
        self._mark()
        self.ready = True
        return True

    def _follow(self):
        """Bring the totals up to date. returns: False while the store owes a record"""
        good = True
        for number in range(len(self._divisions)):
            part = self._divisions[number]
            ledger = part.ledger
            if not ledger.retry():
                good = False
                continue
            total = self._served_wh[number][0]
            if self._exchanged:
                continue
            if ledger.before >= 0 and not ledger.settle_preset(total):
                good = False
                continue
            ledger.total = total
            wh = ledger.open_wh()
            if wh < 0:
                self.falls += 1
                ledger.follow_fall()
            elif wh > self._config.fold_wh:
                part.fold()
            good = good and not ledger.pending
        return good

    def _minute(self):
        """Minute number; -1: no valid time; -2: not known yet, or a time line has just begun and is seen in the next pass."""
        clock = self._clock
        if clock.valid:
            if self._generation != clock.generation or not self._valid:
                # The first valid time of a run goes on where the last run ended, if that is near.
                self._force = self._force or self._generation >= 0
                self._generation = clock.generation
                self._valid = True
                self._next = 0
            return clock.day * _MINUTES_A_DAY + clock.second // 60
        if self._grace_s > 0 and self._generation < 0:
            self._grace_s -= 1
            return -2
        if self._valid or self._generation < 0:
            self._valid = False
            self._generation = clock.generation
            self._force = True
        return -1

    def _boundary(self, minute):
        """What is due at this minute, each a record of its own; the first that has to wait ends the pass."""
        if minute < self._last - _STEPPED_MIN:
            self._force = True
        if minute >= 0 and not self._reset_due(minute):
            return
        config = self._config
        if not self._choose(self.primary, self.sets.set.primary, config.default_script, minute):
            return
        if self.secondary is not None:
            # A set without a calendar for the second element: its first register.
            calendar = self.sets.set.secondary if self.sets.set.has_secondary else None
            if not self._choose(self.secondary, calendar, config.secondary_default_script, minute):
                return
        day = minute // _MINUTES_A_DAY
        if day != self._day:
            if not self._fold_all():
                return
            self._day = day
        self._force = False
        self._last = minute
        self._next = self._next_boundary(minute) if minute >= 0 else _FAR

    def _choose(self, part, calendar, default, minute):
        """The script of this minute comes into force. returns: False while the store owes the record"""
        ledger = part.ledger
        script = default
        if minute >= 0 and calendar is not None:
            if not self._force and ledger.acted - _STEPPED_MIN <= minute < ledger.acted:
                return True  # the clock was corrected back over the last switch
            day = minute // _MINUTES_A_DAY
            script = calendar.script_at(day, minute - day * _MINUTES_A_DAY) or default
        if not part.known(script):
            return True
        if script == ledger.active:
            return ledger.marked == ledger.mark or part.fold()
        self.switches += 1
        return part.move(script, minute)

    def _next_boundary(self, minute):
        ahead = self.sets.set.primary.next_switch_minute(minute)
        if self.secondary is not None and self.sets.set.has_secondary:
            ahead = min(ahead, self.sets.set.secondary.next_switch_minute(minute))
        for part in self._divisions:
            if minute < part.ledger.acted <= minute + _STEPPED_MIN:
                ahead = min(ahead, part.ledger.acted)  # it was held: look again then
        return min(ahead, (minute // _MINUTES_A_DAY + 1) * _MINUTES_A_DAY)

    def _fold_all(self):
        """Everything that is open goes to its records. returns: True when it is there"""
        good = True
        for part in self._divisions:
            if part.ledger.open_wh():
                good = part.fold() and good
        return good

    def _swapped(self):
        if self.sets.failed:
            self._log.append_now(codes.FUTURE_COMMAND_FAILED, self.sets.swaps)
        else:
            self._log.append_now(codes.FUTURE_COMMAND_DONE, self.sets.swaps)
            self.changed = True
            self._mark()
        self._force = True

    def _mark(self):
        """Each record says under which set it was made: at a boot after an exchange, what flowed since is the new set's."""
        for part in self._divisions:
            ledger = part.ledger
            ledger.mark = self.sets.swaps & 0xFF
            if ledger.marked != ledger.mark:
                ledger.total = ledger.noted
                self._exchanged = self._force = True

    # Block counters

    def _reset_due(self, minute):
        """Resets by script 99 and by the day, each once. returns: False while the store owes the record"""
        primary = self.primary
        if primary.looked < 0 or primary.looked > minute + _STEPPED_MIN:
            primary.looked = minute  # never looked before, or on another time line
            return True
        if minute <= primary.looked:
            return True
        at = self.sets.set.primary.last_reset_minute(minute, primary.looked)
        day_start = minute - minute % _MINUTES_A_DAY
        if self._config.block_reset == DAILY and day_start > max(at, primary.looked):
            at = day_start
        primary.looked = minute
        return at < 0 or primary.reset_counters(-1)

    def reset_block_counters(self, minute):
        """Billing closes a period at this minute number: the counters start again, once a minute number.

        returns: True: done and durable, or done before; False: ask again
        """
        if not self.ready or self.primary.ledger.pending or self.sets.swapping:
            return False
        if self.primary.billed() == minute:
            return True
        return self.primary.reset_counters(minute)

    # Settings

    def reload(self):
        """The settings have changed: a factory's set has the default scripts of its own."""
        if self.ready and not self.sets.busy:
            self.sets.reload()
            self._force = True

    # Presets

    def rebase(self, element, total):
        """An authorised preset is about to set the active import of an element (0, 1) to `total` Wh: registers keep what they
        have. Call it before the total's own record is written; whether that came to be is found out at the next second.

        returns: True: go on; False: do not, the store is busy
        """
        if element >= len(self._divisions):
            return True
        part = self._divisions[element]
        ledger = part.ledger
        if not self.ready or self.sets.swapping or ledger.pending or ledger.before >= 0:
            return False
        ledger.total = self._served_wh[element][0]
        if ledger.open_wh() and not part.fold():
            return False
        return ledger.announce(total)

    # Readers: panel, COSEM, billing. None of them allocates.

    def tou_wh(self, index):
        """TOU register 0..47, Wh."""
        self._look()
        return self.primary.register_wh(index)

    def block_wh(self, block, group):
        """Register of block 0..3, group 0..7, Wh."""
        self._look()
        return self.primary.block_wh(block, group)

    def block_counter(self, block, group):
        """Consumption of the period in block 0..3 of group 0..7, Wh."""
        self._look()
        return self.primary.block_counter(block, group)

    def secondary_tou_wh(self, index):
        """TOU register 0..3 of the second element, Wh; 0 where there is none."""
        if self.secondary is None:
            return 0
        self._look()
        return self.secondary.register_wh(index)

    @property
    def active_script(self):
        """1..48, 101..108"""
        return self.primary.ledger.active

    @property
    def secondary_script(self):
        """201..204; 0: there is no second element"""
        return self.secondary.ledger.active if self.secondary is not None else 0

    def price(self):
        """Price in force, 1e-5 currency unit per kWh."""
        self._look()
        return self.primary.price()

    def money(self):
        """Consumption charge of the first element since commissioning: Charge (units, part), good until the next call."""
        self._look()
        return self.primary.money()

    def _look(self):
        """The registers of this moment: their sum is the total that is served now, not that of the last round."""
        if not self.ready or self._exchanged or self.sets.swapping:
            return
        for number in range(len(self._divisions)):
            ledger = self._divisions[number].ledger
            if not ledger.pending and ledger.before < 0:
                ledger.total = self._served_wh[number][0]

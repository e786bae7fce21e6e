# SPDX-License-Identifier: MIT
"""ATM90E26 energy: six read-to-clear registers, each read once a pass, and the proof that the right one answered.

A damaged data bit is caught by LastData. A damaged *address* bit is not: another register answers, is perhaps
cleared, and LastData agrees with it. But each kind of energy is counted twice, by direction and without (absolute >=
forward + reverse, Atmel-46002B 5.4), so a pass in which one of six readings is foreign does not add up. The order of
a pass makes nearly every wrong hit land on a register just emptied: the one that counts (forward or reverse, as in
the last pass), the other, the same for reactive, absolute active, absolute reactive; whatever else lies one bit from
40-45 (01-05, 46, 48-4D) is read after them.

    sent  hit            what it does                              what becomes of the counts
    40 41 the other one  it is empty, or was just read             stay in their register until the next pass
    40    42 AT          AP shows AT; AT empty, AP keeps its own   held; the next pass exceeds by as much: proven (a)
    40    42, AN counts  AP shows AT beside AN                     two equal readings, AT empty: AP's goes to AT (b)
    40    44 RN          AP shows RN; RN empty                     RT misses exactly these: moved to RN (c)
    41    43 RP          AN shows RP; RP empty                     RT misses exactly these: moved to RP (c)
    41    45 RT          AN shows RT; RT empty                     equals the reactive sum: moved to RT (d)
    42    40 43          AT misses                                 AP, RP were just read; AT is read again (e)
    43    42 AT          RP shows AT; AT empty                     equals the active sum: moved to AT (d)
    43 44 41 40          was just read                             stay in their register until the next pass
    44    45 RT          as 40 and 42                              (a), (b)
    45    44 41          RT misses                                 just read; RT is read again (e)
    any   46 48-4F 0x    garbage, no energy register cleared       exceeds absolute: held, then dropped
    any   invalid, R/W   0, or the idle level of the line          stay in their register until the next pass

What stays unproven: a wrong hit on 40/41 in the very pass in which the power turns, when both hold counts (the
direction of one pass), and equal counts by chance; with 100 ms between passes that is less than a pulse (10 counts).
One or two foreign counts pass for jitter once; the running sum of all passes does not let them add up.
"""

from micropython import const

_AP = const(0)
_AN = const(1)
_AT = const(2)
_RP = const(3)
_RN = const(4)
_RT = const(5)
_FIRST = const(0x40)  # register of _AP; the others follow in the order of these numbers
# Counts by which two registers may differ in one pass: floors of different remainders, and the time between their reads.
_JITTER = const(2)
# Counts by which absolute may be ahead in the sum of all passes: two remainders, the time between reads, one to spare.
_WINDOW = const(-4)


def _near(a, b):
    d = a - b
    return a > _JITTER and -_JITTER <= d <= _JITTER


class EnergyPass:
    """active, reactive: signed counts of the last pass. errors: readings that were another register's. rejects:
    pieces held back.
    """

    __slots__ = (
        "_link",
        "_words",
        "_order",
        "_calm",
        "_first",
        "_asked",
        "_recent",
        "_older",
        "_held",
        "_over",
        "_others",
        "active",
        "reactive",
        "errors",
        "rejects",
    )

    def __init__(self, link):
        self._link = link
        self._words = [0, 0, 0, 0, 0, 0]
        self._order = bytearray((0x40, 0x41, 0x43, 0x44, 0x42, 0x45))  # what counted last is read first
        self._calm = [False, False]  # nothing of the passes before is left to be settled
        self._first = [0, 0]  # which of forward, reverse counted last
        self._asked = [0, 0]  # which of them was read first in this pass
        self._recent = [0, 0]  # counts that absolute showed beyond forward + reverse, last pass
        self._older = [0, 0]  # and in the pass before
        self._held = [0, 0]  # signed counts that no absolute register vouched for in the last pass
        self._over = [_WINDOW, _WINDOW]  # counts of forward and reverse beyond absolute, in the sum of all passes
        self._others = [-1, -1, -1, -1, -1, -1]  # what LastData held against a reading, -1 = nothing
        self.active = 0
        self.reactive = 0
        self.errors = 0
        self.rejects = 0

    def restart(self):
        """The chip begins again at zero. allocates: no"""
        for k in range(2):
            self._recent[k] = 0
            self._older[k] = 0
            self._held[k] = 0
            self._over[k] = _WINDOW
            self._calm[k] = False

    def read(self, limit):
        """One pass over all six. limit: counts beyond which no reading is believed. returns: bool, nothing was odd

        allocates: no   context: tick
        """
        errors = self.errors
        first = self._first
        self._asked[0] = first[0]
        self._asked[1] = first[1]
        w = self._words
        if self._link.sweep(self._order, w, self._others):
            self._refuse(limit)
            for n in range(6):
                if self._others[n] >= 0:
                    self._decide(n)
                    self._others[n] = -1
        # What adds up, as it nearly always does, is settled: `_settle` would change nothing.
        calm = self._calm
        settled = calm[0] and w[_AT] == w[_AP] + w[_AN] and w[_AT] <= limit
        if calm[1] and w[_RT] == w[_RP] + w[_RN] and w[_RT] <= limit:
            if settled:
                self._turn()
                self.active = w[_AP] - w[_AN]
                self.reactive = w[_RP] - w[_RN]
                return True
        active_gap = self._second_look(0, limit)
        reactive_gap = self._second_look(1, limit)
        if not (-_JITTER <= active_gap <= _JITTER and -_JITTER <= reactive_gap <= _JITTER):
            self._give_back(active_gap, reactive_gap)
            self._settle(0)
            self._settle(1)
        else:
            if not settled:
                self._settle(0)
            if reactive_gap or not calm[1]:
                self._settle(1)
        self._turn()
        self.active = w[_AP] - w[_AN]
        self.reactive = w[_RP] - w[_RN]
        return errors == self.errors and not (self._recent[0] > _JITTER or self._recent[1] > _JITTER)

    def check(self, direction):
        """After `read`: what one register answered for the other goes back to where it belongs. allocates: no

        Only the one read first can show the other's counts, before those are taken. In the second they are its own: the power
        turned round and back between the passes.
        """
        w = self._words
        asked = self._asked
        direction.look()
        if direction.wrong(0, w[_AP], w[_AN]) and asked[0] == (w[_AN] > w[_AP]):
            self.active = -self.active
            self.errors += 1
        if direction.wrong(1, w[_RP], w[_RN]) and asked[1] == (w[_RN] > w[_RP]):
            self.reactive = -self.reactive
            self.errors += 1

    def _turn(self):
        """What counts is read first in the next pass."""
        w = self._words
        first = self._first
        if w[_AN] > w[_AP] if first[0] == 0 else w[_AP] > w[_AN]:
            self._swap(0)
        if w[_RN] > w[_RP] if first[1] == 0 else w[_RP] > w[_RN]:
            self._swap(1)

    def _swap(self, k):
        order = self._order
        self._first[k] = 1 - self._first[k]
        at = 2 * k
        was = order[at]
        order[at] = order[at + 1]
        order[at + 1] = was

    def _gap(self, k):
        """Absolute, with what it showed ahead before, less forward and reverse; 0 but for jitter in a good pass."""
        w = self._words
        at = 3 * k
        return w[at + 2] + self._recent[k] + self._older[k] - w[at] - w[at + 1]

    def _refuse(self, limit):
        """A direction that shows more than can have flowed was another register: with it nothing else could be decided."""
        w = self._words
        for n in range(6):
            if w[n] > limit and n not in (_AT, _RT):
                word = self._others[n]
                w[n] = word if 0 <= word <= limit else 0
                self._others[n] = -1
                self.errors += 1

    def _decide(self, n):
        """Reading and LastData disagree on one register: the one that adds up with the others, as they were read, is right.

        An absolute register vouches for others: what LastData says of it has to add up, not only to come closer.
        """
        w = self._words
        k = 1 if n >= _RP else 0
        as_read = abs(self._gap(k))
        word = w[n]
        w[n] = self._others[n]
        gap = abs(self._gap(k))
        if gap > as_read or (n in (_AT, _RT) and gap > _JITTER):
            w[n] = word

    def _second_look(self, k, limit):
        """(e): an absolute register that misses what the others show was perhaps not read at all; it bills nothing,
        so read again.
        """
        w = self._words
        at = 3 * k + 2
        if w[at] > limit:
            w[at] = 0
            self.errors += 1
        gap = self._gap(k)
        if gap < -_JITTER:
            again = self._link.take(_FIRST + at)
            if 0 < again <= limit:
                self.errors += 1
                w[at] += again
                gap = self._gap(k)
        return gap

    def _give_back(self, active_gap, reactive_gap):
        """Readings that are another register's go back to it: (b), (c), (d) of the table."""
        w = self._words
        if active_gap < -_JITTER and w[_AT] <= 1:
            if _near(w[_RP], w[_AP] + w[_AN]) and not -_JITTER <= reactive_gap <= _JITTER:
                self._move(_RP, _AT)
            elif _near(w[_AP], w[_AN]):
                self._move(_AP, _AT)
        if reactive_gap < -_JITTER and w[_RT] <= 1:
            if _near(w[_AN], w[_RP] + w[_RN]):
                self._move(_AN, _RT)
            elif _near(w[_RN], w[_RP]):
                self._move(_RN, _RT)
        active_gap = self._gap(0)
        reactive_gap = self._gap(1)
        if reactive_gap > _JITTER and not -_JITTER <= active_gap <= _JITTER:
            if _near(w[_AN], reactive_gap):
                self._move(_AN, _RP)
            elif _near(w[_AP], reactive_gap):
                self._move(_AP, _RN)

    def _move(self, source, target):
        w = self._words
        w[target] += w[source]
        w[source] = 0
        self.errors += 1

    def _excess(self, k, gap):
        """Counts of forward and reverse that absolute does not vouch for. One or two may be jitter in one pass, but not pass
        upon pass: the remainders that jitter comes from are less than a count each.
        """
        if gap >= 0:
            return 0
        if gap < -_JITTER:
            return -gap
        w = self._words
        at = 3 * k
        return max(0, min(-gap, self._over[k] + w[at] + w[at + 1] - w[at + 2]))

    def _settle(self, k):
        """Accept what the absolute register vouches for; hold the rest for one pass (a); note what it shows ahead."""
        w = self._words
        at = 3 * k
        first = self._first[k]
        held = self._held[k]
        self._held[k] = 0
        gap = self._gap(k)
        excess = self._excess(k, gap)
        lost = 0  # counts by which the sum is wrong, not the pass
        if excess:
            self.errors += 1
            other = self._recent[1]
            if held and -_JITTER <= excess - abs(held) <= _JITTER:
                lost = excess  # what was held was the absolute register's: this is the true one
            elif k == 0 and _near(excess, other) and w[_RT] - w[_RP] - w[_RN] >= -_JITTER:
                w[first] -= excess  # (c), a pass late: the reactive counts were taken for active ones
                w[_RN if first == 0 else _RP] += excess
            else:
                self._hold(k, first, excess)
        elif held and gap >= (abs(held) - _JITTER if abs(held) > _JITTER else abs(held)):
            w[at if held > 0 else at + 1] += abs(held)  # the absolute register was late: they were good
            if abs(held) <= _JITTER:
                lost = abs(held)  # so the sum stood too high
        ahead = w[at + 2] - w[at] - w[at + 1]
        if ahead >= 0:
            if ahead > _JITTER and self._recent[k] <= _JITTER:
                self.errors += 1  # forward or reverse was not read: its counts come with the next pass
            self._older[k] = self._recent[k]
            self._recent[k] = ahead
        else:
            left = max(self._recent[k] + self._older[k] + ahead, 0)
            self._older[k] = min(left, self._recent[k])
            self._recent[k] = 0
        self._calm[k] = not (self._recent[k] or self._older[k] or self._held[k])
        # What absolute has shown ahead may still come in the next two passes; later it was its own mistake.
        ahead += lost - self._over[k]
        self._over[k] = max(min(-ahead, 0), _WINDOW - self._recent[k] - self._older[k])

    def _hold(self, k, first, excess):
        """Take the excess out of the pass, from the direction that did not count last if it can be: the reading that is
        another register's is as large as the excess, or larger.
        """
        w = self._words
        at = 3 * k
        odd = at + 1 - first
        part = 0 if w[odd] < excess <= w[at + first] else min(excess, w[odd])
        w[odd] -= part
        w[at + first] = max(w[at + first] - (excess - part), 0)
        forward = (odd == at) == (part * 2 >= excess)
        self._held[k] = excess if forward else -excess
        self.rejects += 1

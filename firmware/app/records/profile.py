# SPDX-License-Identifier: MIT
"""A profile: one record for each interval of UTC, closed exactly once, durable before the next one begins to matter.

What an interval holds is the business of a subclass; when it ends is decided here. The newest record in the ring says how far
the profile has come, and nothing else does: an interval is closed when the clock has passed the boundary after it, whatever
the clock did meanwhile. Boundaries that were passed while the meter was off are closed at return, one a pass: the first gets
what had been counted before the cut, the others nothing, all flagged. Energy is never kept as such: a record holds totals.

A record of length 0 is a mark: a time line begins (the first of all; the clock was set after it had been invalid), or the
registers were preset, and then the difference to the record before (INVALID) is no energy. Bytes: docs/SPEC.md, "Profile
record".
"""

from struct import pack_into

from micropython import const

from app.records.profile_reader import HEAD, ProfileReader

# Status of an interval
POWER_FAIL = const(1)
CLOCK_CHANGED = const(2)
PARTIAL = const(4)
INVALID = const(8)  # measurement invalid
TEST_MODE = const(16)
CONFIG_CHANGED = const(32)
TARIFF_CHANGED = const(64)
MISSING = const(9)  # POWER_FAIL and INVALID without PARTIAL: the meter was off for the whole of it

DAY_MIN = const(1440)
_LENGTH_DAY = const(255)  # how a day stands in the length byte
_NEVER = const(-1)
_NO_MARK = const(0)
_NEW_LINE = const(1)
_REBASE = const(2)
_LOOK_BACK = const(64)  # that many torn records in a row do not occur


def copy_body(to, at, body):
    """allocates: no"""
    for n in range(len(body)):
        to[at + n] = body[n]


def is_missing(status):
    return status & (MISSING | PARTIAL) == MISSING


class Profile(ProfileReader):
    """length_min: of the intervals. status: of the open one so far. standing: bits that every interval gets while set.

    restless: something waits to be appended: the next pass should come soon. errors: faults of the store. closed: records
    appended since boot. loaded: the ring has been looked at; before that nothing is
    known of what is stored, and the open interval neither. generation: time line << 8 | length changes within it.
    """

    def __init__(self, ring, clock, length_min, body_size, state, state_at):
        """ring: Ring with payload HEAD + body_size. state: ProfileState, and the place of this profile in it."""
        super().__init__(ring, body_size)
        self.clock = clock
        self.length_min = length_min
        self.status = 0
        self.standing = 0
        self.restless = True
        self.errors = 0
        self.closed = 0
        self.generation = 0
        self._state = state
        self._state_at = state_at
        self.loaded = False
        self._end = _NEVER  # of the newest record, minute number
        self._edge = _NEVER  # newest boundary that was passed
        self._edge_status = 0
        self._away_until = _NEVER  # boundaries up to this one were passed while the meter was off
        self._away_status = 0
        self._mark_due = _NO_MARK
        self._wanted_min = length_min
        self._adjusted = clock.adjusted
        self._line = -1
        self._cut_status = 0
        self._timed = False  # there was time from the start on
        self._edge_body = bytearray(body_size)
        self._away_body = bytearray(body_size)
        self._base_body = bytearray(body_size)

    # What a subclass has to say of its intervals

    def count_second(self):
        """A second has ended; nothing where totals are kept."""

    def _capture(self, body):
        """Pack what the interval that ends now has come to; the next one begins."""
        self._nothing(body, body)

    def _nothing(self, body, base):
        """Pack an interval in which nothing was measured. base: body of the record before."""
        for at in range(len(body)):
            body[at] = 0

    # Life

    def start(self, power_on):
        """The registers are restored, the clock has what time there is. power_on: the supply was away. Boot only."""
        clock = self.clock
        self._adjusted = clock.adjusted
        self._line = clock.generation if clock.valid else -1
        self._timed = clock.valid
        self.status = 0
        self._capture(self._away_body)
        self._away_status = self.status
        self._cut_status = self.status = POWER_FAIL | PARTIAL if power_on else PARTIAL

    def set_length(self, minutes):
        """From now on intervals of 5, 10, 15, 20, 30 or 60 minutes; the open one is closed as it is."""
        if minutes < 1 or DAY_MIN % minutes:
            raise ValueError("profile: length")
        self._wanted_min = minutes
        self.restless = True

    def flag(self, bits):
        """The open interval is one in which this has happened. allocates: no"""
        self.status |= bits

    def rebase(self):
        """The registers were preset: what they moved by is no energy."""
        self._mark_due = _REBASE
        self.restless = True

    def until_s(self):
        """Seconds to the next boundary, 1..86400."""
        if not self.clock.valid:
            return DAY_MIN * 60
        if self.restless:
            return 1
        length_s = self.length_min * 60
        return length_s - self.clock.second % length_s

    def poll(self, now_ms, second):
        """Every pass, after the clock. allocates: no"""
        if not second and not self.restless:
            return
        if second:
            self.count_second()
        clock = self.clock
        if not clock.valid:
            self.restless = False
            return
        carried = 0
        if clock.adjusted != self._adjusted:
            self._adjusted = clock.adjusted
            carried = CLOCK_CHANGED  # also of the interval that begins in this pass
            self.status |= carried
        if clock.generation != self._line:
            self._line = clock.generation
            self._mark_due = _NEW_LINE
        now = clock.day * DAY_MIN + clock.second // 60
        edge = now - now % self.length_min
        if not self._mark_due:
            if self._edge == _NEVER:
                self._edge = self._away_until = edge
            elif edge > self._edge:
                self._pass_edge(edge, carried)
        try:
            self._step(now)
        except OSError:
            self.errors += 1
            self.restless = False  # again in a second

    def _pass_edge(self, edge, carried):
        self._capture(self._edge_body)
        self._edge_status = self.status | self.standing
        if self._away_until < self._edge and (not self.loaded or self._end < self._edge):
            self._edge_status |= PARTIAL | INVALID  # the one before is still waiting: its share comes with this one
        self._edge = edge
        self.status = carried | self.standing

    def _step(self, now):
        """At most one record. raises: OSError"""
        ring = self.ring
        if not ring.scanned or ring.staged:
            if not self.loaded:
                self.restless = False  # whoever polls the ring sees to it
            return
        if not self.loaded:
            self._load()
        end = self._next_end()
        if self._mark_due and (self._end == _NEVER or end > self._edge):
            self._begin_line(now)
        elif end <= self._edge:
            self._close(end)
        elif self._wanted_min != self.length_min:
            self._change_length(now)
        else:
            kept = (self.status | self.standing) & ~(POWER_FAIL | PARTIAL)
            if kept:
                self._state.keep(self._state_at, kept, ring.next_sequence)
        self.restless = (
            self._mark_due != _NO_MARK or self._wanted_min != self.length_min or self._next_end() <= self._edge
        )

    def _next_end(self):
        """Minute number of the boundary that closes the interval after the newest record."""
        return self._end - self._end % self.length_min + self.length_min

    def _close(self, end):
        length = self.length_min
        if end <= self._away_until:
            status = self._away_status
            if status == MISSING and (self._away_until - end) // length >= self.ring.depth:
                end = self._away_until - (self.ring.depth - 1) * length  # older ones would be overwritten at once
            body = self._away_body
            if status == MISSING:
                self._nothing(body, self._away_body)
            if self._put(end, status, length, body):
                self._away_status = MISSING
        elif end < self._edge:
            # The store would not take it while its interval was the newest: nothing is made up.
            body = self._away_body  # free: the time away is closed
            self._nothing(body, self._base_body)
            self._put(end, PARTIAL | INVALID, length, body)
        else:
            self._put(end, self._edge_status, length, self._edge_body)

    def _change_length(self, now):
        self._capture(self._edge_body)
        end = now if now > self._end else self._end
        if self._put(end, self.status | self.standing | PARTIAL | CONFIG_CHANGED, self.length_min, self._edge_body):
            self.length_min = self._wanted_min
            self.generation = self.generation & 0xFF00 | (self.generation + 1) & 0xFF
            self.status = PARTIAL | CONFIG_CHANGED | self.standing
            self._edge = max(now - now % self.length_min, self._end)
            self._away_until = _NEVER

    def _begin_line(self, now):
        """A mark: what was counted until now has no better place."""
        self._capture(self._edge_body)
        kept = self.generation
        body = self._edge_body
        if self._end == _NEVER:
            why = 0
            if self._timed:
                body = self._away_body  # what a new meter counted while the ring was looked at is of its first interval
        elif self._mark_due == _REBASE:
            why = CONFIG_CHANGED | INVALID
            self.generation = kept & 0xFF00 | kept + 1 & 0xFF
        else:
            why = CLOCK_CHANGED | PARTIAL
            self.generation = ((kept >> 8) + 1 & 0xFF) << 8
        if not self._put(now, self.status & ~INVALID | why if why else 0, 0, body):
            self.generation = kept
            return
        self._mark_due = _NO_MARK
        self._edge = now - now % self.length_min
        self._away_until = _NEVER
        self.status = (PARTIAL if self.clock.second % (self.length_min * 60) else 0) | self.standing

    def _put(self, end, status, length, body):
        """Append one record. returns: True when it is taken, and with that the profile has moved on"""
        day = end // DAY_MIN
        minute = end - day * DAY_MIN
        if not minute and length:
            day -= 1  # an interval that ends at midnight belongs to the day before
            minute = DAY_MIN
        record = self._before
        code = length if length < DAY_MIN else _LENGTH_DAY
        pack_into("<HHHBB", record, 0, day, minute, self.generation, status, code)
        copy_body(record, HEAD, body)
        if not self.ring.append(record):
            return False
        self._end = end
        copy_body(self._base_body, 0, body)
        self.closed += 1
        if self.ring.slots < self.ring.next_sequence:
            self._state.tell_wrapped(self._state_at)
        return True

    def _load(self):
        """Where the newest record left off. raises: OSError"""
        ring = self.ring
        slots = ring.slots
        for index in range(slots - 1, max(-1, slots - 1 - _LOOK_BACK), -1):
            if not self.fetch(index):
                continue
            self._end = self.end_of_fetched()
            self.copy_body(self._base_body)
            self.generation = self.generation_of_fetched()
            length = self.length_of_fetched()
            if length and length != self.length_min:
                self.generation = self.generation & 0xFF00 | (self.generation + 1) & 0xFF
            break
        self.loaded = True
        if self._end == _NEVER:
            self._mark_due = _NEW_LINE
            return
        status = self._state.recall(self._state_at, ring.next_sequence)
        if self._next_end() <= self._away_until:
            self._away_status |= status | self._cut_status
        elif self._edge > self._away_until:
            self._edge_status |= status  # it was passed while the ring was looked through
        else:
            self.status |= status

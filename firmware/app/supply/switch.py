# SPDX-License-Identifier: MIT
"""One switch of the supply: the contactor, the second contactor or the auxiliary relay.

What it should be (`commanded`) is stored before a coil is pulsed; what it is (`position`) is sensed and never
inferred. The order of a command: `command` accepts and sets `dirty` -> the owner writes the cold record and calls
`saved` -> `poll` pulses -> when it is over, `dirty` again. A cut anywhere leaves a mark from which the next boot
knows what was going on.

Boot: no pulse before the state is restored AND the position was read AND the supply was good for 10 s. Then only a
command found interrupted is finished, with one pulse, once (a pulse that pulls the supply down must not become a boot
loop); any other disagreement is reported and left alone. A boot or an update never changes the position by itself.

An opening is never refused for being too soon: it is stored and waits. A closing that cannot be done now is refused. An open
contact is never closed while its load side is live: looked at when the command comes and once more before its first pulse.
Sources: SMETS2 (position changes only by command), GBCS alerts 81BD and 81C0, 811A for the auxiliary relay.
"""

from micropython import const

from app import ticks
from app.records import codes

POSITION_OPEN = const(0)
POSITION_CLOSED = const(1)
POSITION_UNKNOWN = const(2)

# What `command` and `arm` return.
ACCEPTED = const(0)
ALREADY = const(1)  # nothing to do; as good as accepted
REFUSED_NOT_READY = const(2)  # not restored, or the supply not yet good for 10 s
REFUSED_NO_FEEDBACK = const(3)
REFUSED_BUSY = const(4)
REFUSED_TOO_SOON = const(5)  # the relay rests, or has used its closings of the day
REFUSED_LIVE = const(6)  # load side live although open: back-feed or weld
REFUSED_NOT_ARMED = const(7)

STATE_BYTES = const(1)

_SUPPLY_GOOD_MS = const(10_000)
_DISAGREE_MS = const(1_000)

# The state byte: bit 0 commanded, bits 1-2 pending, bit 3 armed, bit 7 written. 0x00 and 0xFF are no state.
_BIT_COMMANDED = const(1)
_SHIFT_PENDING = const(1)
_BIT_ARMED = const(8)
_BIT_WRITTEN = const(0x80)
_BITS_ZERO = const(0x70)

_NOTHING = const(0)
_COMMANDED = const(1)  # accepted, not known to be done
_BOOT_PULSE = const(2)  # a boot has spent its one pulse on it

_ALL_TRIES = const(3)


class Switch:
    """relay: the Relay port. armed_only: closing needs `arm` first (a contactor), or not (the auxiliary relay).

    commanded: 0 or 1. dirty: the state byte must be written; see `saved`. event: code to log, 0 = none; see
    `take_event`. source: who gave the last command. live: Pin or callable, 1 = voltage at the load side, more = not known;
    None: not fitted. disagrees: position (or the load side) and command differ.
    """

    __slots__ = (
        "relay",
        "commanded",
        "armed",
        "dirty",
        "event",
        "source",
        "live",
        "disagrees",
        "quiet",
        "restored",
        "_needs_arming",
        "_pending",
        "_booting",
        "_known",
        "_busy",
        "_doing",
        "_tries",
        "_supply_good",
        "_supply_proven",
        "_good_ms",
        "_differs",
        "_differs_ms",
    )

    def __init__(self, relay, armed_only=True):
        self.relay = relay
        self.commanded = POSITION_OPEN
        self.armed = False
        self.dirty = False
        self.event = 0
        self.source = 0
        self.live = None
        self.disagrees = False
        self.restored = False
        self._needs_arming = armed_only
        self.quiet = False  # nothing wanted, nothing wrong, as of the last poll
        self._pending = _NOTHING
        self._booting = True
        self._known = False  # a stored command exists
        self._busy = False
        self._doing = POSITION_OPEN  # what the relay was last asked for
        self._tries = _ALL_TRIES
        self._supply_good = False
        self._supply_proven = False
        self._good_ms = 0
        self._differs = False
        self._differs_ms = 0

    def sense(self, live):
        """live: as the attribute. Boot only."""
        self.live = live

    # Stored state

    def pack_into(self, buf, at):
        """Write STATE_BYTES at buf[at]. allocates: no"""
        byte = _BIT_WRITTEN | self._pending << _SHIFT_PENDING
        if self.commanded:
            byte |= _BIT_COMMANDED
        if self.armed:
            byte |= _BIT_ARMED
        buf[at] = byte

    def unpack(self, buf, at):
        """Restore from buf[at]; a byte that was never written restores "no state": the position found is taken over."""
        byte = buf[at]
        if byte & _BIT_WRITTEN and not byte & _BITS_ZERO:
            self.commanded = byte & _BIT_COMMANDED
            self.armed = bool(byte & _BIT_ARMED)
            self._pending = byte >> _SHIFT_PENDING & 3
            self._known = True
        self.restored = True

    def saved(self):
        """The state byte as it is now is durable. allocates: no"""
        self.dirty = False

    def take_event(self):
        """The code to log, once. allocates: no"""
        code = self.event
        self.event = 0
        return code

    # Commands (their rights are the door's business)

    def busy(self):
        """A command is stored and not yet done."""
        return self._busy or self._pending != _NOTHING

    def arm(self):
        """Let a person close it. returns: ACCEPTED, ALREADY or a refusal. allocates: no"""
        if not self.restored:
            return REFUSED_NOT_READY
        if self.armed or self.commanded:
            return ALREADY
        self.armed = True
        self.dirty = True
        return ACCEPTED

    def command(self, closed, now_ms, source):
        """Open (False) or close (True). returns: ACCEPTED, ALREADY or a refusal. allocates: no

        Accepted means stored, soon durable and then done or reported by `event`.
        """
        if not self.restored:
            return REFUSED_NOT_READY
        wanted = POSITION_CLOSED if closed else POSITION_OPEN
        position = self.relay.position()
        if closed:
            code = self._closing_refusal(position, now_ms)
            if code:
                return code
        if self.commanded == wanted and self._known and (position == wanted or self._pending == _COMMANDED):
            return self._already()
        self.commanded = wanted
        self.armed = False
        self.source = source
        self._pending = _COMMANDED
        self._known = True
        self._booting = False  # a fresh command supersedes whatever was stored
        self._tries = _ALL_TRIES
        self._forget_difference()
        self.dirty = True
        return ACCEPTED

    def _already(self):
        if self.armed:
            self.armed = False
            self.dirty = True
        return ALREADY

    def _closing_refusal(self, position, now_ms):
        if not self._supply_proven:
            return REFUSED_NOT_READY
        if position == POSITION_UNKNOWN:
            return REFUSED_NO_FEEDBACK
        if self.commanded and position == POSITION_CLOSED:
            return ACCEPTED  # ALREADY follows
        if self._busy or self._pending:
            return ACCEPTED if self.commanded else REFUSED_BUSY
        if self._needs_arming and not self.armed:
            return REFUSED_NOT_ARMED
        if self._load_live():
            return REFUSED_LIVE
        return REFUSED_TOO_SOON if self.relay.refusal(True, now_ms) else ACCEPTED

    # Every pass

    def poll(self, now_ms, supply_good):
        """One step; every pass, every 10 ms while it returns True (a coil or its check is under way). allocates: no

        supply_good: False from the power-fail warning on; the coils then go off at once and the command stays stored.
        """
        if supply_good and self._supply_proven and not (self._busy or self._pending or self._booting or self._differs):
            # Nearly every pass: nothing to do, and the contact is where it should be.
            relay = self.relay
            relay.poll(now_ms)
            if relay.position() == self.commanded and (self.live is None or self._load_agrees()):
                self.quiet = True
                return False
        self.quiet = False
        self._watch_supply(now_ms, supply_good)
        if self._busy:
            if not supply_good:
                self.relay.idle()
                self._busy = False
                return False
            if self.relay.poll(now_ms):
                return True
            self._conclude(now_ms)
            return False
        self.relay.poll(now_ms)  # keeps the position
        if not self.restored:
            return False
        if self._booting:
            self._decide_at_boot(now_ms)
        elif self._pending:
            self._begin(now_ms)
        else:
            self._compare(now_ms)
        return self._busy

    def _watch_supply(self, now_ms, supply_good):
        if not supply_good:
            self._supply_good = False
            self._supply_proven = False
        elif not self._supply_good:
            self._supply_good = True
            self._good_ms = now_ms
        elif not self._supply_proven and ticks.diff(now_ms, self._good_ms) >= _SUPPLY_GOOD_MS:
            self._supply_proven = True

    def _decide_at_boot(self, now_ms):
        position = self.relay.position()
        if not self._supply_proven or position == POSITION_UNKNOWN:
            return
        self._booting = False
        if not self._known:
            self.commanded = position
            self._known = True
            self.dirty = True
        elif position == self.commanded:
            if self._pending:
                self._pending = _NOTHING  # it was done, only the note was missing
                self.dirty = True
        elif self._pending == _COMMANDED:
            self._pending = _BOOT_PULSE
            self._tries = 1
            self.dirty = True
        else:
            if self._pending:
                self._pending = _NOTHING
                self.dirty = True
            self._fail(now_ms)

    def _begin(self, now_ms):
        # Nothing moves before the command is durable and the supply has proven that it can feed a coil.
        if self.dirty or not self._supply_proven:
            return
        if self.commanded and self.relay.position() != POSITION_CLOSED and self._load_live():
            # Somebody feeds it since the command came: given up, it does not wait for a moment when nobody is looking.
            self.commanded = POSITION_OPEN
            self._pending = _NOTHING
            self.dirty = True
            self.event = codes.CONNECT_FAILURE if self._needs_arming else codes.ALCS_FAILURE
            return
        if self.relay.start(self.commanded == POSITION_CLOSED, now_ms, self._tries):
            return  # resting: tried again next pass
        self._doing = self.commanded
        self._busy = True
        if not self.relay.poll(now_ms):
            self._conclude(now_ms)

    def _conclude(self, now_ms):
        self._busy = False
        if self._doing != self.commanded:
            return  # overtaken by a newer command, which is pending
        self._pending = _NOTHING
        self.dirty = True
        self._forget_difference()
        if self.relay.fault:
            self._fail(now_ms)

    def _fail(self, now_ms):
        if not self._needs_arming:
            self.event = codes.ALCS_FAILURE
        else:
            self.event = codes.CONNECT_FAILURE if self.commanded else codes.DISCONNECT_FAILURE
        # Told once: the watch below stays quiet until position and command have agreed again.
        self.disagrees = True
        self._differs = True
        self._differs_ms = now_ms

    def _compare(self, now_ms):
        """Position against command with nothing under way: shock, magnet, weld, somebody's wire."""
        position = self.relay.position()
        if position == self.commanded and (not self._supply_good or self._load_agrees()):
            self._forget_difference()  # while the supply fails the load side is dead, whatever the contact does
        elif position == POSITION_UNKNOWN:
            return
        elif not self._differs:
            self._differs = True
            self._differs_ms = now_ms
        elif not self.disagrees and ticks.diff(now_ms, self._differs_ms) >= _DISAGREE_MS:
            self._fail(now_ms)

    def _load_live(self):
        """Voltage at the load side, or it is not known that there is none."""
        return self.live is not None and self.live() != 0

    def _load_agrees(self):
        """The load side is live behind a closed contact and dead behind an open one, as far as it is known."""
        if self.live is None:
            return True
        level = self.live()
        return level == self.commanded or level > 1

    def _forget_difference(self):
        self._differs = False
        self.disagrees = False

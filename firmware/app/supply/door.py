# SPDX-License-Identifier: MIT
"""The command door: the one way in for whoever wants something done, checked against a table of rights and logged.

A `close` that comes from afar only arms the contactor: a person at the meter closes it. The meter's own `close` (load
limit restoration) goes the same way with the source METER.

Every submission is logged once, accepted or not, through `log(code, extra)`; what happens later (a contactor that
does not move) is its own event. extra = source << 12 | result << 8 | command. Sources: GBCS alert codes 8154/8155
(command done / not done), 8161/8162 (the same at the user interface), 8F30 (source has no authority), 8F32 (supply
armed), 8145/8F0C (clock adjusted / not).
"""

from micropython import const

from app.records import codes
from app.supply import control as sc
from app.supply import switch as sw

# Sources
BUTTON = const(0)
OPTICAL = const(1)  # an authenticated session at the optical port
WAN = const(2)
HAN = const(3)
TOKEN = const(4)
SERVICE = const(5)  # commissioning, at the bench or with the cover open
METER = const(6)  # the meter's own rules: load limit, schedule

# Commands
CONTACTOR_OPEN = const(1)
CONTACTOR_ARM = const(2)
CONTACTOR_CLOSE = const(3)
SECOND_OPEN = const(4)
SECOND_ARM = const(5)
SECOND_CLOSE = const(6)
AUX_OPEN = const(7)
AUX_CLOSE = const(8)
SET_CLOCK = const(9)  # argument: [day, second]
PRESET_REGISTERS = const(10)  # argument: handed to the injected preset(argument) -> 0 or a reason
# Above, AUX_OPEN and AUX_CLOSE: with load control as LOAD_OFF and LOAD_ON until it is given back.
SET_CONFIGURATION = const(11)  # argument: bytes, docs/SPEC.md "Configuration"; in force when its events are logged

TAMPER_ARM = const(12)  # refused while a cover is open
TAMPER_DISARM = const(13)
LOAD_ON = const(14)  # argument: minutes, 0 until it is given back (scripts N11, N12 and N20 of the switches)
LOAD_OFF = const(15)
LOAD_CALENDAR = const(16)

# Results: 0..7 are those of app.supply.switch (ACCEPTED, ALREADY, REFUSED_...)
ARMED = const(8)  # a remote close was accepted as an arm
REFUSED_NO_RIGHT = const(9)
REFUSED_UNKNOWN = const(10)
REFUSED_NOT_FITTED = const(11)
REFUSED_ARGUMENT = const(12)
REFUSED_OUTSIDE_TOLERANCE = const(13)
REFUSED_LOCKED = sc.REFUSED_LOCKED  # 14: after a tamper, until the supplier disables
REFUSED_UNHEALTHY = sc.REFUSED_UNHEALTHY  # 15: voltage, frequency, heat or the front end forbid it

_B = const(1)  # masks: 1 << source
_O = const(2)
_W = const(4)
_H = const(8)
_T = const(16)
_S = const(32)
_M = const(64)

# By command: who may. A remote close is let in here because it becomes an arm below.
_RIGHTS = (
    0,
    _O | _W | _S | _M,  # CONTACTOR_OPEN: not the consumer
    _O | _W | _H | _T | _S | _M,  # CONTACTOR_ARM: a top-up token or an in-home display arms
    _B | _O | _W | _H | _T | _S | _M,  # CONTACTOR_CLOSE
    _O | _W | _S | _M,
    _O | _W | _H | _T | _S | _M,
    _B | _O | _W | _H | _T | _S | _M,
    _B | _O | _W | _H | _S | _M,  # AUX_OPEN, AUX_CLOSE: boost by the button
    _B | _O | _W | _H | _S | _M,
    _O | _W | _H | _S,  # SET_CLOCK
    _S,  # PRESET_REGISTERS
    _W | _S,  # SET_CONFIGURATION
    _O | _W | _S,  # TAMPER_ARM
    _O | _W | _S,
    _O | _W | _H | _S | _M,  # LOAD_ON
    _O | _W | _H | _S | _M,
    _O | _W | _H | _S | _M,
)
_CLOSES_FOR_REAL = const(_B | _M)


class Door:
    """contactor, second, auxiliary: Switch or None where the variant has none. clock: app.clock.Clock.

    preset, configure: callable(argument) -> 0 done, else not; configure 1: a change is under way; None: cannot be. log:
    callable(code, extra).
    """

    __slots__ = ("_contactor", "_second", "_auxiliary", "_clock", "_preset", "_configure", "_log", "_tamper", "_load")

    def __init__(self, contactor, second, auxiliary, clock, *, preset, log, configure=None):
        self._contactor = contactor
        self._second = second
        self._auxiliary = auxiliary
        self._clock = clock
        self._preset = preset
        self._configure = configure
        self._log = log
        self._tamper = None
        self._load = None

    def connect(self, tamper, load):
        """tamper: Tamper; load: Alcs, or None."""
        self._tamper = tamper
        self._load = load

    def submit(self, source, code, argument, now_ms):
        """Check, do or pass on, log. returns: result code; 0, ALREADY and ARMED are good news.

        allocates: no, but for SET_CONFIGURATION
        """
        if not 1 <= code < len(_RIGHTS):
            result = REFUSED_UNKNOWN
        elif not _RIGHTS[code] >> source & 1:
            result = REFUSED_NO_RIGHT
        elif code == SET_CLOCK:
            result = self._set_clock(source, argument)
        elif code == PRESET_REGISTERS:
            result = REFUSED_ARGUMENT if self._preset(argument) else sw.ACCEPTED
        elif code == SET_CONFIGURATION:
            result = self._set_configuration(argument)
        elif code in (TAMPER_ARM, TAMPER_DISARM):
            result = self._detection(code)
        elif code >= LOAD_ON or code >= AUX_OPEN and self._load is not None:
            result = self._switch_load(code, argument, now_ms)
        else:
            result = self._switch(source, code, now_ms)
        self._note(source, code, result)
        return result

    def _switch(self, source, code, now_ms):
        if code >= AUX_OPEN:
            switch = self._auxiliary
            action = AUX_OPEN if code == AUX_OPEN else CONTACTOR_CLOSE
        elif code >= SECOND_OPEN:
            switch = self._second
            action = code - SECOND_OPEN + CONTACTOR_OPEN
        else:
            switch = self._contactor
            action = code
        if switch is None:
            return REFUSED_NOT_FITTED
        if action == CONTACTOR_ARM:
            return self._arm(switch, code, source)
        if action != CONTACTOR_CLOSE:
            return switch.command(False, now_ms, source)
        if code == AUX_CLOSE or _CLOSES_FOR_REAL >> source & 1:
            return switch.command(True, now_ms, source)
        result = self._arm(switch, code, source)
        return ARMED if result == sw.ACCEPTED else result

    def _arm(self, switch, code, source):
        result = switch.arm()
        if result == sw.ACCEPTED:
            self._log(codes.SUPPLY_ARMED, source << 12 | code)
        return result

    def _detection(self, code):
        tamper = self._tamper
        if tamper is None:
            return REFUSED_NOT_FITTED
        refused = tamper.arm() if code == TAMPER_ARM else tamper.disarm()
        return sw.REFUSED_BUSY if refused else sw.ACCEPTED

    def _switch_load(self, code, argument, now_ms):
        load = self._load
        if load is None:
            return REFUSED_NOT_FITTED
        if code == LOAD_CALENDAR:
            return load.give_back(now_ms)
        minutes = argument if code >= LOAD_ON and argument else 0
        return load.command(code in (LOAD_ON, AUX_CLOSE), minutes, now_ms)

    def _set_clock(self, source, argument):
        day = argument[0]
        second = argument[1]
        # Day 73048 is the last of 2199, the end of the calendar here.
        if not (0 <= day <= 73_048 and 0 <= second < 86_400):
            return REFUSED_ARGUMENT
        event = self._clock.correct(day, second, commissioning=source == SERVICE)
        if not event:
            return sw.ALREADY
        self._log(event, source << 12 | SET_CLOCK)
        return REFUSED_OUTSIDE_TOLERANCE if event == codes.CLOCK_NOT_ADJUSTED else sw.ACCEPTED

    def _set_configuration(self, argument):
        if self._configure is None:
            return REFUSED_NOT_FITTED
        refused = self._configure(argument)
        if refused:
            return sw.REFUSED_BUSY if refused == 1 else REFUSED_ARGUMENT
        return sw.ACCEPTED

    def _note(self, source, code, result):
        if result == REFUSED_NO_RIGHT:
            event = codes.NO_AUTHORITY
        elif result <= sw.ALREADY or result == ARMED:
            event = codes.UI_COMMAND_DONE if source == BUTTON else codes.HAN_COMMAND_DONE
        else:
            event = codes.UI_COMMAND_NOT_DONE if source == BUTTON else codes.HAN_COMMAND_NOT_DONE
        self._log(event, source << 12 | result << 8 | code & 0xFF)

# SPDX-License-Identifier: MIT
"""`--load SPEC`: a load in one word.

2300W        constant power; -1000W exports; 2.3kW, 500mW
10A          constant current; -10A exports; 40mA
2300W,0.5L   power factor: L inductive, C capacitive; then voltage and frequency if need be: 10A,0.8C,207V,49Hz
square:2000W:0.4s        +2000 W and -2000 W, half of 0.4 s each
steps:1kW:30s:-500W:10s  round and round
open:264.5V  voltage without current
dip:92V:30ms             1 kW of resistance; every 10 s 30 ms at 92 V (0V: an interruption, 260V: a swell)
pv:4kW       clear days with 4 kW of sun and 300 W of load, from midnight
home:7       random household, seed 7
kettle, fridge, television   recorded, switched on after 0.5 s
"""

import re

from host_tools.bench import appliances, loads

_QUANTITY = re.compile(r"([+-]?)(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(k|m|u)?(W|A|V|Hz|s|min|h)", re.ASCII)
_FACTOR = re.compile(r"(0?\.\d{1,3}|1(?:\.0*)?)([LC]?)", re.ASCII)
# What the largest meter could be asked to carry, well above; in the small units below.
_LIMIT = {"W": 1_000_000_000, "A": 5_000_000_000, "V": 1_000_000, "Hz": 1_000_000, "s": 400 * loads.DAY_US}
_SMALL = {"W": 3, "A": 6, "V": 3, "Hz": 3, "s": 6}  # mW, uA, mV, mHz, us
_PREFIX = {"k": 3, "": 0, "m": -3, "u": -6}
_SECONDS = {"s": 1, "min": 60, "h": 3600}


class LoadSpecError(ValueError):
    """The SPEC cannot be read; one line that says what and where."""


def parse(spec):
    """SPEC -> segment iterator. Raises LoadSpecError; RecordingError where a recorded load has no file."""
    word = spec.strip()
    head, _, rest = word.partition(":")
    try:
        if head in appliances.NAMES:
            if rest:
                raise LoadSpecError("takes nothing after the name")
            return appliances.appliance(head)
        if ":" in word:
            return _NAMED[head](rest)
        return loads.hold(_point(word))
    except KeyError:
        raise LoadSpecError(f"load {word!r}: no load is named {head!r}; known: {', '.join(sorted(_NAMED))}") from None
    except LoadSpecError as error:
        raise LoadSpecError(f"load {word!r}: {error}") from None


def _quantity(text, unit):
    """ "2.3kW", "W" -> 2300000, the integer in the small unit."""
    match = _QUANTITY.fullmatch(text.strip())
    if match:
        sign, number, prefix, found = match.groups()
        seconds = _SECONDS.get(found, 1)
        if (found if found not in _SECONDS else "s") == unit:
            exponent = _SMALL[unit] + _PREFIX[prefix or ""]
            whole, _, fraction = number.partition(".")
            scaled = int((whole or "0") + fraction) * seconds * 10 ** (exponent + 12)
            value, rest = divmod(scaled, 10 ** (12 + len(fraction)))
            if rest:
                raise LoadSpecError(f"{text!r} is finer than the bench counts")
            if value > _LIMIT[unit]:
                raise LoadSpecError(f"{text!r} is more than a meter can be asked to carry")
            return -value if sign == "-" else value
    raise LoadSpecError(f"{text!r} is not a number of {unit}")


def _positive(text, unit):
    value = _quantity(text, unit)
    if value <= 0:
        raise LoadSpecError(f"{text!r} has to be above 0")
    return value


def _point(text):
    first, *others = text.split(",")
    factor, voltage_mv, frequency_mhz = 1000, loads.NOMINAL_MV, loads.NOMINAL_MHZ
    for other in others:
        match = _FACTOR.fullmatch(other.strip())
        if match:
            factor = round(float(match[1]) * 1000)
            if not factor:
                raise LoadSpecError("a power factor of 0 carries no power")
            if factor < 1000 and not match[2]:
                raise LoadSpecError(f"power factor {other!r} needs L (inductive) or C (capacitive)")
            factor = -factor if match[2] == "C" else factor
        elif other.endswith("V"):
            voltage_mv = _positive(other, "V")
        elif other.endswith("Hz"):
            frequency_mhz = _positive(other, "Hz")
        else:
            raise LoadSpecError(f"{other!r} is no power factor (0.5L), voltage (230V) or frequency (50Hz)")
    if first.endswith("A"):
        return loads.point_of_current(_quantity(first, "A"), factor, voltage_mv, frequency_mhz)
    return loads.point_of_power(_quantity(first, "W"), factor, voltage_mv, frequency_mhz)


def _square(rest):
    power, _, period = rest.partition(":")
    period_us = _positive(period, "s")
    if period_us < 2:
        raise LoadSpecError("a square wave needs two halves")
    return loads.square_wave(_quantity(power, "W"), period_us)


def _dip(rest):
    voltage, _, duration = rest.partition(":")
    voltage_mv, duration_us = _quantity(voltage, "V"), _positive(duration, "s")
    if voltage_mv < 0 or duration_us >= 10 * loads.SECOND_US:
        raise LoadSpecError("a dip is to 0 V or more, and shorter than 10 s")
    return loads.disturbed(voltage_mv, duration_us)


def _steps(rest):
    words = rest.split(":")
    if len(words) % 2:
        raise LoadSpecError("steps come in pairs: power and duration")
    return loads.steps(
        (_positive(duration, "s"), _point(point)) for point, duration in zip(words[::2], words[1::2], strict=True)
    )


def _home(rest):
    if not (rest.isascii() and rest.isdigit() and len(rest) <= 18):
        raise LoadSpecError(f"seed {rest!r} is not a whole number")
    return loads.random_household(int(rest))


_NAMED = {
    "dip": _dip,
    "square": _square,
    "steps": _steps,
    "open": lambda rest: loads.open_circuit(_positive(rest, "V")),
    "pv": lambda rest: loads.pv_day(_positive(rest, "W")),
    "home": _home,
}

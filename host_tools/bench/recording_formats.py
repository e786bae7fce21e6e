# SPDX-License-Identifier: MIT
"""The four file formats that can be metered; README.md of the data folder describes the three that are shipped.

Each function here takes the options of its format and returns (read_rows, start): `read_rows(lines)` is a generator
over the lines after the header; start is a datetime, or None when `read_rows(lines, only_start=True)` has to yield it
from the first row.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from host_tools.bench.point import OperatingPoint

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
POWER_LIMIT_MW = 1_000_000_000  # 1 MW and 1 kV: far above any meter of this kind, so beyond them the file is wrong
VOLTAGE_LIMIT_MV = 1_000_000

_MINUTE_US = 60_000_000
_TEN_MINUTES_US = 600_000_000
_MICROSECOND = timedelta(microseconds=1)
_QUARTER = timedelta(minutes=15)
_SIMBENCH_PV = ("pv3", "pv8")
_SIMBENCH_HEADER: str = "local_time,h0a_p,h0a_q,h0c_p,h0c_q,h0l_p,h0l_q,heatpump_p,ev37_p,pv3,pv8"
_HALF_HOUR_HEADER = "start,E_Wmin,R_varmin,Vavg_cV,Vmin_cV,Vmax_cV,Imax_dA,filled_min"


class Fault(Exception):
    """What is wrong with a row; the reader adds the file's name and the line."""


def fixed(text, digits):
    """A decimal number as an integer in 10^-digits, exactly: fixed("-1.25", 3) -> -1250. Raises Fault."""
    whole, _, fraction = text.strip().partition(".")
    negative = whole.startswith("-")
    body = whole[1:] if whole[:1] in ("-", "+") else whole
    if not (body + fraction).isdecimal():
        raise Fault(f"not a number: {text.strip()!r}")
    if len(fraction) > digits:
        if fraction[digits:].strip("0"):
            raise Fault(f"{text.strip()!r} has more than {digits} decimals")
        fraction = fraction[:digits]
    value = int(body + fraction.ljust(digits, "0"))
    return -value if negative else value


def utc_stamp(text):
    """ISO-8601 to an aware datetime in UTC; no zone means UTC. Raises Fault."""
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Fault(f"not a time stamp: {text.strip()!r}") from None
    stamp = stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    if stamp < EPOCH:
        raise Fault(f"{text.strip()} is before 2000, where the meter's calendar begins")
    return stamp


def checked_point(voltage_mv, active_mw, reactive_mvar, harmonics=()):
    """OperatingPoint of a row, or Fault if no mains could carry it."""
    if not 0 <= voltage_mv <= VOLTAGE_LIMIT_MV:
        raise Fault(f"voltage of {voltage_mv} mV")
    if abs(active_mw) > POWER_LIMIT_MW or abs(reactive_mvar) > POWER_LIMIT_MW:
        raise Fault("power above 1 MW")
    if voltage_mv == 0:
        if active_mw or reactive_mvar:
            raise Fault("power without voltage")
        return OperatingPoint(0, 0, 0, 0)
    return OperatingPoint(voltage_mv, active_mw, reactive_mvar, harmonics=harmonics)


def french_minutes():
    """P_W,Q_var,V_cV,I_dA: a row a minute from 2008-01-01T00:00. I_dA is too coarse for use: I follows from P, Q, V."""

    def read_rows(lines):
        last_line = last = None
        for line in lines:
            if line != last_line:
                if "_" in line:  # int() would take 1_000
                    raise Fault("not a whole number")
                p, q, v, i = line.split(",")
                voltage_mv = int(v) * 10
                active_mw = int(p) * 1000
                reactive_mvar = int(q) * 1000
                int(i)
                if not (
                    0 < voltage_mv <= VOLTAGE_LIMIT_MV
                    and -POWER_LIMIT_MW <= active_mw <= POWER_LIMIT_MW
                    and -POWER_LIMIT_MW <= reactive_mvar <= POWER_LIMIT_MW
                ):
                    last = checked_point(voltage_mv, active_mw, reactive_mvar)
                else:
                    last = OperatingPoint(voltage_mv, active_mw, reactive_mvar)
                last_line = line
            yield _MINUTE_US, last

    return read_rows, datetime(2008, 1, 1, tzinfo=UTC)


def french_half_hours():
    """start,E_Wmin,...: exact energy a half hour, one row after the other without a gap.

    E W·min in 30 min are 100·E mW over 600 s: the k-th of three ten-minute segments gets floor((100·E + k) / 3) mW,
    and the three add up to 100·E exactly (Hermite's identity). The same for reactive energy.
    """

    def read_rows(lines, only_start=False):
        expected = None
        for line in lines:
            if "_" in line:
                raise Fault("not a whole number")
            start, energy, reactive, v_avg, v_min, v_max, i_max, filled = line.split(",")
            stamp = utc_stamp(start)
            if only_start:
                yield stamp
                return
            if expected is not None and stamp != expected:
                raise Fault(f"starts at {start}, expected {expected:%Y-%m-%dT%H:%M}")
            expected = stamp + 2 * _QUARTER
            for text in (v_min, v_max, i_max, filled):
                int(text)  # not used, but a file with something else here is not what it says it is
            voltage_mv = int(v_avg) * 10
            e = int(energy) * 100
            r = int(reactive) * 100
            for k in range(3):
                yield _TEN_MINUTES_US, checked_point(voltage_mv, (e + k) // 3, (r + k) // 3)

    return read_rows, None


def simbench(*, load="h0a", peak_kw=3, pv="pv3", pv_kwp=4, q_factor="0.395", voltage_mv=230_000):
    """local_time,h0a_p,...: a row a quarter hour in German local time.

    P = load * peak_kw - pv * pv_kwp, Q = q * q_factor * peak_kw, rounded to 1 mW (the defaults are exact) and 1 mvar.
    load: "h0a", "h0c", "h0l", "heatpump" or "ev37" (the last two have no reactive column). pv: "pv3", "pv8" or None.
    peak_kw, pv_kwp, q_factor: int, str or float, taken as the decimal they print as.
    """
    columns = _SIMBENCH_HEADER.split(",")
    if load + "_p" not in columns:
        raise Fault(f"no load profile {load!r}")
    if pv is not None and pv not in _SIMBENCH_PV:
        raise Fault(f"no PV profile {pv!r}")
    p_at = columns.index(load + "_p")
    q_at = columns.index(load + "_q") if load + "_q" in columns else None
    pv_at = columns.index(pv) if pv is not None else None
    try:
        peak_mw = Fraction(str(peak_kw)) * 1_000_000
        pv_mw = Fraction(str(pv_kwp)) * 1_000_000
        q_mvar = Fraction(str(q_factor)) * peak_mw
    except (ValueError, ZeroDivisionError):
        raise Fault("peak_kw, pv_kwp and q_factor are numbers") from None
    # Per-unit values are integers in 1e-6; scaled by integer numerators over one denominator, no fractions in the loop.
    per = 1_000_000
    p_num, p_den = peak_mw.numerator * pv_mw.denominator, peak_mw.denominator * pv_mw.denominator * per
    pv_num = pv_mw.numerator * peak_mw.denominator
    q_num, q_den = q_mvar.numerator, q_mvar.denominator * per

    def read_rows(lines, only_start=False):
        utc = None
        for line in lines:
            cells = line.split(",")
            if len(cells) != len(columns):
                raise Fault("wrong number of columns")
            stamp = _local_stamp(cells[0])
            if utc is None:
                utc = _first_utc(stamp)
            elif stamp != german_local(utc):
                raise Fault(f"local time {cells[0]}, expected {german_local(utc):%Y-%m-%dT%H:%M}")
            if only_start:
                yield utc.replace(tzinfo=UTC)
                return
            utc += _QUARTER
            values = [fixed(cell, 6) for cell in cells[1:]]
            p = values[p_at - 1] * p_num
            if pv_at is not None:
                p -= values[pv_at - 1] * pv_num
            q = values[q_at - 1] * q_num if q_at is not None else 0
            yield 15 * _MINUTE_US, checked_point(voltage_mv, _round(p, p_den), _round(q, q_den))

    return read_rows, None


def _round(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def _local_stamp(text):
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        stamp = None
    if stamp is None or stamp.tzinfo is not None:
        raise Fault(f"not a local time: {text.strip()!r}")
    return stamp


def _last_sunday(year, month):
    """Last Sunday of a month of 31 days, 01:00 UTC: when the clocks of the EU change (directive 2000/84/EC)."""
    last = datetime(year, month, 31, 1)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def german_local(utc):
    """Naive UTC datetime -> naive German local time, by the rule in force since 1996."""
    summer = _last_sunday(utc.year, 3) <= utc < _last_sunday(utc.year, 10)
    return utc + timedelta(hours=2 if summer else 1)


def _first_utc(stamp):
    """Local time of the first row -> naive UTC; of a repeated hour the first (summer) one."""
    for hours in (2, 1):
        utc = stamp - timedelta(hours=hours)
        if german_local(utc) == stamp:
            return utc
    raise Fault(f"local time {stamp:%Y-%m-%dT%H:%M} does not exist (clock change)")


def generic():
    """utc,p_w,q_var,v_mv: each row holds until the next, the last one as long as the row before it.

    p_w (import > 0) and q_var (inductive import > 0) with up to three decimals; v_mv whole; 0 V is an outage.
    """

    def read_rows(lines, only_start=False):
        held = None
        held_from = EPOCH
        length = 0
        for line in lines:
            stamp_text, p, q, v = line.split(",")
            stamp = utc_stamp(stamp_text)
            if only_start:
                if stamp.microsecond:
                    raise Fault("the first row is not at a whole second")
                yield stamp
                return
            point = checked_point(fixed(v, 0), fixed(p, 3), fixed(q, 3))
            if held is not None:
                length = (stamp - held_from) // _MICROSECOND
                if length <= 0:
                    raise Fault(f"{stamp_text} is not after the row before")
                yield length, held
            held, held_from = point, stamp
        if held is None:
            return
        if not length:
            raise Fault("one row alone has no length")
        yield length, held

    return read_rows, None


FORMATS = {
    "P_W,Q_var,V_cV,I_dA": french_minutes,
    _HALF_HOUR_HEADER: french_half_hours,
    _SIMBENCH_HEADER: simbench,
    "utc,p_w,q_var,v_mv": generic,
}

# SPDX-License-Identifier: MIT
"""The settings of a meter as a TOML file (docs/configuration.md) and as the record that a meter stores.

What is read is judged by the meter's own code (app.configuration): a file that this module takes, every meter takes.
"""

import tomllib
from pathlib import Path

from app.configuration import group as group_module
from app.configuration import record
from app.configuration.settings import Settings
from app.store.crc32 import Crc32

from host_tools.errors import BadInput

# Endings of names -> unit, longest first.
_UNITS = (
    ("_minute_of_day", "minutes after 00:00 UTC"),
    ("_per_hour", "an hour"),
    ("_0hz01", "0.01 Hz"),
    ("_x1000", "0.001"),
    ("_0v1", "0.1 V"),
    ("_0a01", "0.01 A"),
    ("_degc", "degrees Celsius"),
    ("_min", "min"),
    ("_wh", "Wh"),
    ("_mwh", "mWh"),
    ("_ma", "mA"),
    ("_mv", "mV"),
    ("_ms", "ms"),
    ("_s", "s"),
    ("_w", "W"),
)
_MOST = 1 << 30


def load(path, groups):
    """Take the values of a TOML file into groups; what is not in it stays. raises: BadInput with one line"""
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path}: not TOML: {error}") from None
    try:
        take(document, groups)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def take(document, groups):
    """Values of a parsed document into groups, checked as a whole. raises: BadInput"""
    by_title = {group.title: group for group in groups}
    for title, values in document.items():
        group = by_title.get(title)
        if group is None:
            raise BadInput(f"{title!r} is no group of settings")
        if not isinstance(values, dict):
            raise BadInput(f"{title}: a table is wanted")
        names = group.field_names()
        for name, value in values.items():
            if name not in names:
                raise BadInput(f"{title}.{name}: there is no such setting")
            if type(value) is not int:
                raise BadInput(f"{title}.{name}: {value!r} is not a whole number")
            if not -_MOST <= value < _MOST:
                raise BadInput(f"{title}.{name}: {value} is out of range")
            group.set_value(name, value)
    verdict = record.fault(groups)
    if verdict:
        raise BadInput(explain(verdict, groups))


def explain(verdict, groups):
    """One line for a verdict of app.configuration.record that is not 0."""
    reason, number, at = verdict >> 16, verdict >> 8 & 0xFF, verdict & 0xFF
    if reason != record.VALUE:
        texts = {
            record.LENGTH: "the length is wrong",
            record.CHECKSUM: "the checksum is wrong",
            record.UNKNOWN_VERSION: "the version is not known",
            record.UNKNOWN_GROUP: f"group {number} is not known, or out of order",
            record.UNKNOWN_FIELD: f"group {number} has more settings than are known",
            record.BUSY: "another change is under way",
            record.NO_STORE: "this board has no room for so many changed settings",
        }
        return texts.get(reason, f"reason {reason}")
    group = groups[number]
    if at == group_module.TOGETHER:
        return f"{group.title}: each value may be, but not all of them together"
    name = group.field_names()[at]
    low, high, _, _ = group.limits_of(at)
    return f"{group.title}.{name}: {group.value_of(name)} is not one of {low} to {high}"


def packed(groups):
    """bytes of the record."""
    return bytes(record.pack(groups, Crc32()))


def factory():
    """Settings with the factory's values."""
    return Settings()


def values(groups):
    """{title: {name: value}}"""
    return {group.title: dict(zip(group.field_names(), group.values(), strict=True)) for group in groups}


def text(groups, title):
    """The groups as TOML, each value with its range, unit and what the firmware's source says of it."""
    lines = [
        f"# {title}",
        "# Each value: lowest to highest, unit [factory value]. What is left out of a file stays as it is.",
        "",
    ]
    for number, group in enumerate(groups):
        lines.append(f"[{group.title}] # group {number} in the event 7F16")
        for at, name in enumerate(group.field_names()):
            low, high, default, said = group.limits_of(at)
            remark = f"{low} to {high}{_unit(name)} [{default}]"
            if said:
                remark += f"; {said}"
            lines.append(f"{name} = {group.value_of(name)}  # {remark}")
        lines.append("")
    return "\n".join(lines)


def _unit(name):
    return next((f" {unit}" for ending, unit in _UNITS if name.endswith(ending)), "")

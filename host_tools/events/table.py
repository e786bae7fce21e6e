# SPDX-License-Identifier: MIT
"""events.toml, read and checked."""

import dataclasses
import pathlib
import tomllib

PATH = pathlib.Path(__file__).with_name("events.toml")

LOGS = ("security", "standard", "power", "alcs", "none")  # numbers of app.store.layout; none = 4
CFGS = ("always", "log", "all")
ALERTS = ("", "H", "W1", "W2", "W1 H", "W2 H")
STATES = ("raised", "next", "later")
MASKS = ("supplier_alert", "supplier_han", "supplier_audible", "supplier_log", "operator_alert", "operator_log")
OWNERS = {0x80: "network operator", 0x81: "supplier"}
PRIVATE = 0x7F


@dataclasses.dataclass(frozen=True)
class Event:
    """One row; see events.toml for the fields."""

    code: int
    name: str
    text: str
    log: str
    alert: str
    cfg: str
    extra: str
    by: str
    state: str = "raised"
    octets: int = 0
    u: bool = False

    @property
    def owner(self):
        """Who owns the masks of this code; None where nobody can change anything."""
        return OWNERS[self.code >> 8] if self.cfg != "always" else None

    @property
    def read_name(self):
        return self.name.replace("_", " ").lower()


@dataclasses.dataclass(frozen=True)
class SubCode:
    number: int
    name: str
    text: str


@dataclasses.dataclass(frozen=True)
class Table:
    """events: in order of the codes; factory: mask name -> 32 bytes, bit n of the number = low byte n, big-endian."""

    events: tuple[Event, ...]
    sub_codes: tuple[SubCode, ...]
    factory: dict[str, bytes]


def load(path=PATH):
    """The table. raises: ValueError naming what is wrong with it"""
    raw = tomllib.loads(path.read_text())
    events = tuple(_event(key, row) for key, row in raw["codes"].items())
    codes = [event.code for event in events]
    if codes != sorted(set(codes)):
        raise ValueError("codes: each once and in order")
    sub_codes = tuple(SubCode(int(key), row["name"], row["text"]) for key, row in raw["sub_codes"].items())
    names = [event.name for event in events] + [sub.name for sub in sub_codes]
    if len(names) != len(set(names)) or not all(sub.name.startswith("SUB_") for sub in sub_codes):
        raise ValueError("names: each once, those of sub-codes with SUB_")
    if tuple(raw["factory"]) != MASKS:
        raise ValueError(f"factory: {', '.join(MASKS)}, in this order")
    return Table(events, sub_codes, {name: mask(text) for name, text in raw["factory"].items()})


def mask(text):
    """ "0D A4-B3" -> 32 bytes."""
    number = 0
    for part in text.split():
        first, _, last = part.partition("-")
        for low in range(int(first, 16), int(last or first, 16) + 1):
            number |= 1 << low
    return number.to_bytes(32, "big")


def _event(key, row):
    event = Event(code=int(key, 16), **row)
    high = event.code >> 8
    wrong = (
        event.log not in LOGS
        or event.cfg not in CFGS
        or event.alert not in ALERTS
        or event.state not in STATES
        or not 0 <= event.octets <= 4
        or not event.name.isupper()
        or not event.by
        or high not in (PRIVATE, 0x80, 0x81, 0x8F)
        or (high in (PRIVATE, 0x8F) and event.cfg != "always")
        or (high == PRIVATE and (event.log not in ("standard", "alcs") or event.alert))
        or (high == 0x80 and "H" in event.alert)
        or (event.cfg == "log" and (event.log == "none" or event.alert))
    )
    if wrong:
        raise ValueError(f"event {key}: {event}")
    return event

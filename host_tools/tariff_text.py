# SPDX-License-Identifier: MIT
"""The way back from the bytes of a tariff set to a TOML file that says the same (host_tools/tariff_file.py)."""

import struct
from decimal import Decimal

from app.tariff import calendar as c
from app.tariff import tariff_set as t

from host_tools.errors import BadInput
from host_tools.tariff_file import FAMILIES, UNUSED, judge


def unpack(blob):
    """The document of a tariff set: pack(unpack(blob)) == blob. Weeks and days are named by their ids. raises: BadInput"""
    wrong = judge(blob)
    if wrong:
        raise BadInput(wrong)
    prices = {}
    for index, price in enumerate(struct.unpack_from(f"<{t.PRICES}i", blob, t.PRICES_AT)):
        if not price:
            continue
        value = Decimal(price).scaleb(-5)
        if index < t.BLOCK_PRICES:
            prices.setdefault("tou", {})[str(index + 1)] = value
        elif index >= t.SECONDARY_PRICES:
            prices.setdefault("secondary", {})[str(index - t.SECONDARY_PRICES + 1)] = value
        else:
            block, group = divmod(index - t.BLOCK_PRICES, 8)
            prices.setdefault("block", {}).setdefault(str(group + 1), [Decimal(0)] * 4)[block] = value
    limits = struct.unpack_from("<24I", blob, t.THRESHOLDS_AT)
    groups = {str(k + 1): [x for x in limits[3 * k : 3 * k + 3] if x != UNUSED] for k in range(8)}
    document = {
        "name": blob[4:12].rstrip(b" \0").decode("ascii", "replace"),
        "prices": prices,
        "thresholds": {group: found for group, found in groups.items() if found},
        "calendar": _document_of(blob, t.FIXED),
    }
    (secondary,) = struct.unpack_from("<H", blob, 14)
    if secondary:
        document["secondary"] = _document_of(blob, secondary)
    return document


def to_toml(document):
    """The text of a document: load() of it gives the same set."""
    lines = [f"name = {_quoted(document['name'])}"]
    for family, found in document["prices"].items():
        lines += ["", f"[prices.{family}]"]
        for key, price in found.items():
            lines.append(f"{key} = [{', '.join(map(str, price))}]" if isinstance(price, list) else f"{key} = {price}")
    if document["thresholds"]:
        lines += ["", "[thresholds]"]
        lines += [f"{group} = {limits}" for group, limits in document["thresholds"].items()]
    for title in ("calendar", "secondary"):
        if title not in document:
            continue
        plan = document[title]
        lines += ["", f"[{title}.seasons]"]
        for name, season in plan["seasons"].items():
            lines.append(f"{name} = {{ start = {_quoted(season['start'])}, week = {_quoted(season['week'])} }}")
        lines += ["", f"[{title}.weeks]"]
        lines += [f"{name} = [{', '.join(map(_quoted, days))}]" for name, days in plan["weeks"].items()]
        lines += ["", f"[{title}.days]"]
        for name, switches in plan["days"].items():
            lines.append(f"{name} = [{', '.join(f'[{_quoted(a)}, {_quoted(b)}]' for a, b in switches)}]")
        if plan["special"]:
            lines += ["", f"[{title}.special]"]
            lines += [f"{_quoted(date)} = {_quoted(day)}" for date, day in plan["special"].items()]
    return "\n".join(lines) + "\n"


def _quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _script_name(script):
    if script == c.RESET_COUNTERS:
        return "reset"
    family, first = next((f, first) for f, (first, count) in FAMILIES.items() if first <= script < first + count)
    return f"{family} {script - first + 1}"


def _date_name(year, month, day):
    return f"{month:02}-{day:02}" if year == c.ANY_YEAR else f"{year}-{month:02}-{day:02}"


def _document_of(blob, at):
    seasons, weeks, days, specials = blob[at + 2 : at + 6]
    at += c.HEAD
    plan = {"seasons": {}, "weeks": {}, "days": {}, "special": {}}
    for number in range(seasons):
        year, month, day, week = struct.unpack_from("<HBBB", blob, at)
        plan["seasons"][str(number + 1)] = {"start": _date_name(year, month, day), "week": str(week)}
        at += c.SEASON
    for _ in range(weeks):
        plan["weeks"][str(blob[at])] = [str(day) for day in blob[at + 1 : at + 8]]
        at += c.WEEK
    switches_at = at + c.PROFILE * days + c.SPECIAL * specials
    for _ in range(days):
        first = switches_at + c.SWITCH * blob[at + 1]
        found = [struct.unpack_from("<HB", blob, first + c.SWITCH * k) for k in range(blob[at + 2])]
        plan["days"][str(blob[at])] = [
            [f"{minute // 60:02}:{minute % 60:02}", _script_name(script)] for minute, script in found
        ]
        at += c.PROFILE
    for _ in range(specials):
        month, day, year, profile = struct.unpack_from("<BBHB", blob, at)
        plan["special"][_date_name(year, month, day)] = str(profile)
        at += c.SPECIAL
    return plan

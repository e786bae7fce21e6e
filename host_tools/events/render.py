# SPDX-License-Identifier: MIT
"""The files made from the table: constants and packed table of the firmware, the page of the documentation."""

from host_tools.events.table import CFGS, LOGS, OWNERS

_ENTRIES_A_LINE = 6

_CODES = '''\
# SPDX-License-Identifier: MIT
"""Codes of the events that this firmware raises: GBCS alert codes; 7Fxx are private. What each means: docs/events.md.

Made by `python -m host_tools.events` from host_tools/events/events.toml: change that.
"""

from micropython import const
'''

_TABLE = '''\
# SPDX-License-Identifier: MIT
"""What is to be done with each event code, packed: nothing of it is unpacked into RAM.

TABLE: 4 bytes a code, in order of the codes: code (big-endian); bits 0-2 log (as app.store.layout, 4 none), bits 3-4
what the masks decide (0 nothing, 1 the log, 2 all), bits 5-6 alert type (0 none, 1, 2), bit 7 home area network; octets
of extra that a reader of the standard log gets.
FACTORY: six masks of 32 bytes: supplier alert, HAN alert, audible, log; network operator alert, log. Bit n of the
number, big-endian, is the code with low byte n.

Made by `python -m host_tools.events` from host_tools/events/events.toml: change that.
"""
'''

_PAGE = """\
# Events

Made by `python -m host_tools.events` from host_tools/events/events.toml: change that.

Source: GBCS alert codes and the event table for UK SMETS2 of the SGM1400-B manual, appendix A; 7Fxx are private: standard log
only, never sent. Log: where the event is kept; none: an alert only. Alert: W1 code and stamp, W2 with a payload, H also on the
home area network. Masks: whose masks decide, and what about; the alert column is then the type. u: alert class or log by
analogy, unverified. Raised by: the part of the firmware; *to come*: its part does not raise it yet; *later*: a feature of its
own.
"""

_SUB_CODES = """
## Sub-codes of 81A0

0 other, 1 NVM, 2 program execution, 3 program storage, 4 RAM, 5 hardware reset, 6 watchdog, 7 metrology firmware, 8
measurement fault, 9 unspecified are those of the DCC's tools. This project's own:

| sub-code | name | what |
|---|---|---|
"""

_MASKS = """
## Masks at the factory

Low bytes of the codes that are on (supplier 81nn, network operator 80nn), as read back from meters in the DCC's published
sample messages.

| mask | on |
|---|---|
"""


def codes_module(table):
    """Constants of what this firmware raises. A name costs RAM on the board: features to come have none yet."""
    lines = [f"{e.name} = const(0x{e.code:04X})" for e in table.events if e.state != "later"]
    lines += ["", "# Sub-codes of INTEGRITY_ISSUE: its extra."]
    lines += [f"{sub.name} = const({sub.number})" for sub in table.sub_codes]
    return _CODES + "\n" + "\n".join(lines) + "\n"


def pack(event):
    """The four bytes of an event in the firmware's table."""
    attributes = LOGS.index(event.log) | CFGS.index(event.cfg) << 3
    attributes |= (1 if "W1" in event.alert else 2 if "W2" in event.alert else 0) << 5
    attributes |= 0x80 if "H" in event.alert else 0
    return event.code.to_bytes(2, "big") + bytes([attributes, event.octets])


def table_module(table):
    """The packed table of every code, those of later features included: a code is routed whoever raises it."""
    packed = [pack(event) for event in table.events]
    n = _ENTRIES_A_LINE
    lines = ["TABLE = ("]
    lines += [f"    {_literal(b''.join(packed[i : i + n]))}" for i in range(0, len(packed), n)]
    lines += [")", "FACTORY = ("]
    lines += [f"    {_literal(half)}" for m in table.factory.values() for half in (m[:16], m[16:])]
    lines += [")"]
    return _TABLE + "\n" + "\n".join(lines) + "\n"


def _literal(data):
    return 'b"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def page(table):
    """docs/events.md"""
    counts = [sum(e.state == state for e in table.events) for state in ("raised", "next", "later")]
    lines = [
        "",
        "%d codes: %d raised, %d to come, %d of later features." % (len(table.events), *counts),
        "",
        "| code | name | what | log | alert | masks | extra | raised by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(event) for event in table.events]
    subs = [f"| {sub.number} | {sub.name} | {sub.text} |" for sub in table.sub_codes]
    masks = [f"| {name.replace('_', ' ')} | {_ranges(mask)} |" for name, mask in table.factory.items()]
    return _PAGE + "\n".join(lines) + "\n" + _SUB_CODES + "\n".join(subs) + "\n" + _MASKS + "\n".join(masks) + "\n"


def _row(event):
    masks = "" if event.owner is None else f"{OWNERS[event.code >> 8]}: {'log' if event.cfg == 'log' else 'all'}"
    by = event.by + {"raised": "", "next": " *to come*", "later": " *later*"}[event.state]
    alert = (event.alert + (" u" if event.u else "")).strip()
    cells = (f"{event.code:04X}", event.read_name, event.text, event.log, alert, masks, event.extra, by)
    return "| " + " | ".join(cells) + " |"


def _ranges(mask):
    number = int.from_bytes(mask, "big")
    on = [n for n in range(256) if number >> n & 1]
    parts = []
    while on:
        first = last = on.pop(0)
        while on and on[0] == last + 1:
            last = on.pop(0)
        parts.append(f"{first:02X}" if first == last else f"{first:02X}-{last:02X}")
    return " ".join(parts) or "none"

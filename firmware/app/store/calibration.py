# SPDX-License-Identifier: MIT
"""Calibration of an element: stored doubly with a checksum, bound to its chip, locked when commissioned.

A record that is absent, damaged or made for another chip is never replaced by silent defaults: the element meters with nominal
gains, its energy is flagged and the fact is logged. Bytes: docs/SPEC.md, "Calibration record".

    version u8 = 1 | locked u8 | payload length u8 | 0 | chip id 8 bytes | payload, the front end's own layout
"""

from micropython import const

from app.store import layout

_VERSION = const(1)
_HEAD = const(12)
_NO_ID = b"\0\0\0\0\0\0\0\0"


def pack(payload, chip_id, locked):
    """The record: bytes. chip_id: 8 bytes, zeros where the part has none."""
    return bytes((_VERSION, 1 if locked else 0, len(payload), 0)) + bytes(chip_id) + bytes(payload)


def apply(cold, element_index, front_end):
    """Configure the front end from the stored record. returns: True when it runs on its own calibration. Boot only"""
    buf = bytearray(layout.COLD_PAYLOAD_MAX)
    n = cold.load_into(layout.CALIBRATION_0 + element_index, buf)
    if n >= _HEAD and buf[0] == _VERSION and buf[2] == n - _HEAD:
        try:
            front_end.configure(bytes(buf[_HEAD:n]))
        except Exception:  # noqa: BLE001  a payload the part refuses is as bad as a wrong checksum
            front_end.configure(None)
            return False
        return True
    front_end.configure(None)
    return False


def matches(cold, element_index, chip_id):
    """False when the stored record belongs to another chip. Boot only"""
    buf = bytearray(layout.COLD_PAYLOAD_MAX)
    n = cold.load_into(layout.CALIBRATION_0 + element_index, buf)
    if n < _HEAD:
        return True
    stored = bytes(buf[4:_HEAD])
    return stored == _NO_ID or bytes(chip_id) == _NO_ID or stored == bytes(chip_id)


def store(cold, element_index, payload, chip_id, locked):
    """Write a calibration. returns: True when stored; False when a locked one is in the way or the store failed"""
    buf = bytearray(layout.COLD_PAYLOAD_MAX)
    n = cold.load_into(layout.CALIBRATION_0 + element_index, buf)
    if n >= _HEAD and buf[0] == _VERSION and buf[1]:
        return False
    return cold.save(layout.CALIBRATION_0 + element_index, pack(payload, chip_id, locked))

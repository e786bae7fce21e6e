# SPDX-License-Identifier: MIT
"""Masks of the events: factory values and bits as in the DCC's published sample messages; one record, all or nothing."""

from app.records import masks as m
from app.records.event_fields import MOST, alcs_extra, entry_into
from app.store import layout
from app.store.cold import ColdStore
from app.store.crc32 import Crc32
from fakes_store import FakeBytes

COLD_ID = 21
LOG_ON = (0x45, 0x54, 0x55, 0x61, 0x62, 0x83, 0xC0, 0xC1, 0xC4, 0xC5, 0xC6)


def fresh(store=None):
    store = store or FakeBytes()
    return store, m.Masks(ColdStore(store, layout.COLD_BASE, Crc32()), COLD_ID)


def on(masks, mask):
    return [low for low in range(256) if masks.bit(mask, low)]


def string(change, value):
    """512 bits, first transmitted bit most significant: the number is change * 2**256 + value, big-endian."""
    bits = bytearray(64)
    for low in change:
        bits[31 - low // 8] |= 1 << low % 8
    for low in value:
        bits[63 - low // 8] |= 1 << low % 8
    return bits


def test_factory():
    _, masks = fresh()
    a0_b3 = list(range(0xA0, 0xB4))
    b8_be = list(range(0xB8, 0xBF))
    assert on(masks, m.SUPPLIER_LOG) == sorted(list(LOG_ON) + a0_b3 + b8_be)
    alert = [0x0D, 0x0E, 0x19, 0x83, 0xA0, 0xA1] + list(range(0xA4, 0xB4)) + b8_be + [0xC0, 0xC1, 0xC4, 0xC5]
    assert on(masks, m.SUPPLIER_ALERT) == alert
    assert on(masks, m.SUPPLIER_HAN) == [0x0D, 0x19, 0x68, 0xAA, 0xAB, 0xC4]
    assert on(masks, m.SUPPLIER_AUDIBLE) == []
    assert on(masks, m.OPERATOR_ALERT) == on(masks, m.OPERATOR_LOG) == [0x14, 0x15]


def test_the_example_bit_for_bit():
    # Enable the alert 810D, disable 810E, 81C4, 81C5: change bits 0D 0E C4 C5, value bit 0D. Bytes by hand: bit 196 (C4) is in
    # byte 31 - 24 = 7, bits 4 and 5: 30; bit 13 (0D) in byte 31 - 1 = 30, bit 5, bit 14 beside it: 60; value 20 in byte 62.
    bits = bytearray(64)
    bits[7] = 0x30
    bits[30] = 0x60
    bits[62] = 0x20
    assert bits == string((0x0D, 0x0E, 0xC4, 0xC5), (0x0D,))
    _, masks = fresh()
    before = on(masks, m.SUPPLIER_ALERT)
    assert masks.write(m.SUPPLIER_ALERT, bits) == m.STORED
    assert on(masks, m.SUPPLIER_ALERT) == [low for low in before if low not in (0x0E, 0xC4, 0xC5)]
    back = bytearray(32)
    masks.read_into(m.SUPPLIER_ALERT, back)
    # 81A0..A7 are byte 11: A0, A1, A4..A7 on: F3; 8108..0F byte 30: only 0D: 20; 81C0..C7 byte 7: C0, C1: 03.
    assert back[11] == 0xF3 and back[30] == 0x20 and back[7] == 0x03
    for other in (m.SUPPLIER_HAN, m.SUPPLIER_LOG, m.OPERATOR_ALERT):
        assert on(masks, other) == on(fresh()[1], other)


def test_a_value_bit_without_its_change_bit_changes_nothing():
    _, masks = fresh()
    before = on(masks, m.SUPPLIER_AUDIBLE)
    assert masks.write(m.SUPPLIER_AUDIBLE, string((), range(256))) == m.STORED
    assert on(masks, m.SUPPLIER_AUDIBLE) == before == []
    assert masks.write(m.SUPPLIER_AUDIBLE, string((0, 255), range(256))) == m.STORED
    assert on(masks, m.SUPPLIER_AUDIBLE) == [0, 255]


def test_every_bit_of_every_mask_alone_and_after_a_restart():
    store, masks = fresh()
    expected = [on(masks, mask) for mask in range(m.MASKS)]
    for low in range(0, 256, 5):
        mask = low % m.MASKS
        flip = low not in expected[mask]
        assert masks.write(mask, string((low,), (low,) if flip else ())) == m.STORED
        expected[mask] = sorted(expected[mask] + [low]) if flip else [n for n in expected[mask] if n != low]
    for each in (masks, fresh(store)[1]):
        assert [on(each, mask) for mask in range(m.MASKS)] == expected


def test_always_on_codes_are_nobodys_to_change():
    _, masks = fresh()
    for mask in range(m.MASKS):
        masks.write(mask, string(range(256), ()))
    assert masks.of(0x8F74) == layout.LOG_SECURITY | m.ALERT
    assert masks.of(0x8F33) == m.NO_LOG | m.ALERT | m.HAN
    assert masks.of(0x8F66) == layout.LOG_STANDARD | m.ALERT | m.PAYLOAD
    assert masks.of(0x7F11) == layout.LOG_STANDARD
    assert masks.of(0x811A) == layout.LOG_ALCS | m.ALERT  # not in the configurable set
    assert masks.of(0x81AC) == m.NO_LOG and masks.of(0x8014) == m.NO_LOG
    for mask in range(m.MASKS):
        masks.write(mask, string(range(256), range(256)))
    assert masks.of(0x81AC) == layout.LOG_STANDARD | m.ALERT | m.HAN | m.AUDIBLE
    assert masks.of(0x8014) == layout.LOG_POWER | m.ALERT
    assert masks.of(0x8145) == layout.LOG_STANDARD  # only its logging is configurable
    assert masks.of(0x810D) == m.NO_LOG | m.ALERT | m.HAN | m.AUDIBLE  # no log to go to


def test_refused_and_waiting():
    store, masks = fresh()
    assert masks.write(6, bytearray(64)) == masks.write(-1, bytearray(64)) == m.REFUSED_MALFORMED
    assert masks.write(0, bytearray(63)) == masks.write(0, bytearray(65)) == m.REFUSED_MALFORMED
    store.failing = True
    assert masks.write(0, string((1,), (1,))) == m.WAITS
    assert masks.write(0, string((2,), (2,))) == m.REFUSED_BUSY
    assert 1 not in on(masks, 0)  # the old ones hold
    store.failing = False
    masks.poll()
    assert 1 in on(masks, 0) and not masks.waiting and 1 in on(fresh(store)[1], 0)


def test_a_store_that_answers_late():
    store, masks = fresh()
    masks.write(m.SUPPLIER_AUDIBLE, string((7,), (7,)))
    store.failing = True
    _, late = fresh(store)
    assert on(late, m.SUPPLIER_AUDIBLE) == []
    store.failing = False
    late.restore()
    assert on(late, m.SUPPLIER_AUDIBLE) == [7]


def test_find():
    assert m.find(0x7F01) == 0 and m.find(0x7F00) == m.find(0xFFFF) == m.find(0x8003) == -1
    assert [m.find(code) >= 0 for code in (0x8F84, 0x8F52, 0x8002, 0x81C6)] == [True] * 4


def entry(log, event):
    buf = bytearray(MOST)
    return bytes(buf[: entry_into(log, event, buf)])


def test_entries_in_the_layout_of_each_log():
    # 2035-01-01 12:34:56: day 12784, 12784 * 86400 + 45296 = 1104582896 = 41D6 98F0 (passes 2**30).
    event = [12_784, 45_296, 0x8F74, 5, 0, 0]
    stamp = b"\x41\xd6\x98\xf0"
    assert entry(layout.LOG_SECURITY, event) == stamp + b"\x8f\x74"
    assert entry(layout.LOG_POWER, event) == stamp + b"\x8f\x74\x00\x00\x00\x05"
    event[2] = 0x8154
    event[3] = 0x2105
    assert entry(layout.LOG_STANDARD, event) == stamp + b"\x81\x54\x02\x21\x05"
    event[2] = 0x81AC
    assert entry(layout.LOG_STANDARD, event) == stamp + b"\x81\xac\x00"
    # 2035-01-01 13:00: Unix 2051269200 = 7A43 E250; minutes since 2000: 12784 * 1440 + 780 = 18409740
    event[2] = 0x811A
    event[3] = alcs_extra(2, 18_409_740)
    assert entry(layout.LOG_ALCS, event) == stamp + b"\x81\x1a\x02\x7a\x43\xe2\x50"
    event[3] = alcs_extra(1, 0)
    assert entry(layout.LOG_ALCS, event) == stamp + b"\x81\x1a\x01\x00\x00\x00\x00"

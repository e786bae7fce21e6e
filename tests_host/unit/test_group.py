# SPDX-License-Identifier: MIT
"""A group of settings. Bytes by hand: i32 little-endian in the order of the fields."""

from app.configuration.group import Group

FIELDS = (("limit_mv", 0, 300_000, 253_000), ("period_s", 0, 3600, 30), ("offset_s", -10, 10, -1))


def ordered(group):
    return group.limit_mv > group.period_s


def test_defaults_are_attributes():
    group = Group("voltage", FIELDS)
    assert (group.limit_mv, group.period_s, group.offset_s, group.size) == (253_000, 30, -1, 12)
    assert group.fault() is None


def test_what_is_out_of_its_limits_is_named():
    group = Group("voltage", FIELDS, ordered)
    group.period_s = 3601
    assert group.fault() == "period_s"
    group.period_s = 20
    group.limit_mv = 19
    assert group.fault() == "voltage"


def test_bytes_there_and_back():
    group = Group("voltage", FIELDS)
    buf = bytearray(14)
    group.pack_into(buf, 1)
    assert bytes(buf) == b"\x00\x48\xdc\x03\x00\x1e\x00\x00\x00\xff\xff\xff\xff\x00"  # 253000 = 0x3dc48
    other = Group("voltage", FIELDS)
    other.period_s = 99
    other.unpack_from(buf, 1, 3)
    assert (other.limit_mv, other.period_s, other.offset_s) == (253_000, 30, -1)


def test_an_older_record_leaves_what_it_does_not_know_at_its_default():
    group = Group("voltage", FIELDS)
    buf = bytearray(b"\x01\x00\x00\x00\x02\x00\x00\x00")
    group.unpack_from(buf, 0, 2)
    assert (group.limit_mv, group.period_s, group.offset_s) == (1, 2, -1)
    copy = Group("voltage", FIELDS)
    copy.copy_from(group)
    assert (copy.limit_mv, copy.period_s, copy.offset_s) == (1, 2, -1)

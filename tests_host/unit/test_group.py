# SPDX-License-Identifier: MIT
"""A group of settings. Bytes by hand: i32 little-endian in the order of the fields."""

from app.configuration.group import Group

FIELDS = """voltage
limit_mv 0 300000 253000
period_s 0 3600 30
offset_s -10 10 -1
# limit_mv: a remark
"""


def ordered(group):
    return group.limit_mv > group.period_s


def test_defaults_are_attributes():
    group = Group(FIELDS)
    assert (group.limit_mv, group.period_s, group.offset_s, group.size) == (253_000, 30, -1, 12)
    assert group.fault() is None


def test_what_is_out_of_its_limits_is_named():
    group = Group(FIELDS, ordered)
    group.period_s = 3601
    assert group.fault() == 1
    group.period_s = 20
    group.limit_mv = 19
    assert group.fault() == 255


def test_bytes_there_and_back():
    group = Group(FIELDS)
    buf = bytearray(14)
    group.pack_into(buf, 1)
    assert bytes(buf) == b"\x00\x48\xdc\x03\x00\x1e\x00\x00\x00\xff\xff\xff\xff\x00"  # 253000 = 0x3dc48
    other = Group(FIELDS)
    other.period_s = 99
    other.unpack_from(buf, 1, 3)
    assert (other.limit_mv, other.period_s, other.offset_s) == (253_000, 30, -1)


def test_an_older_record_leaves_what_it_does_not_know_at_its_default():
    group = Group(FIELDS)
    buf = bytearray(b"\x01\x00\x00\x00\x02\x00\x00\x00")
    group.unpack_from(buf, 0, 2)
    assert (group.limit_mv, group.period_s, group.offset_s) == (1, 2, -1)
    copy = Group(FIELDS)
    copy.take(group.values())
    assert (copy.limit_mv, copy.period_s, copy.offset_s) == (1, 2, -1)


def test_fields_with_a_dot_are_rows_and_keep_their_place_in_the_record():
    group = Group(
        "rows\n.first 0 9 1\nnamed 0 9 2\n.second 0 9 3\n# named: 2 .. 3\n", lambda group: group.rows[0] < group.named
    )
    assert (group.rows[0], group.named, group.rows[1], group.count) == (1, 2, 3, 3) and not hasattr(group, "first")
    assert group.field_names() == ["first", "named", "second"] and group.limits_of(1) == (0, 9, 2, "2 .. 3")
    group.set_value("second", 10)
    assert group.rows[1] == group.value_of("second") == 10 and group.fault() == 2
    group.take([7, 8])
    assert group.values() == [7, 8, 10] and group.defaults() == [1, 2, 3]
    buf = bytearray(b"\x05\x00\x00\x00\x04\x00\x00\x00\x09\x00\x00\x00")
    group.take_from(buf, 0, 3)
    assert group.values() == [5, 4, 9] and group.fault() == 255
    image = bytearray(12)
    group.pack_into(image, 0)
    assert image == buf

# SPDX-License-Identifier: MIT
"""Bytes that cost nothing while blank are those of a bytearray all the same."""

from hypothesis import given
from hypothesis import strategies as st

from host_tools.bench.storage import SparseBytes

SIZE = 5 * 4096
WRITES = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.sampled_from((b"\x00", b"\xff", b"\x5a")), st.integers(1, 9000))
)


@given(writes=WRITES, start=st.integers(0, SIZE), count=st.integers(0, 9000))
def test_as_a_bytearray(writes, start, count):
    sparse, plain = SparseBytes(SIZE), bytearray(b"\xff" * SIZE)
    for at, byte, length in writes:
        data = byte * min(length, SIZE - at)
        sparse[at : at + len(data)] = data
        plain[at : at + len(data)] = data
    assert sparse[start : start + count] == plain[start : start + count]
    assert sparse[start % SIZE] == plain[start % SIZE]
    assert bytes(sparse) == plain and len(sparse) == SIZE
    again = SparseBytes(SIZE)
    again.use(sparse.used())
    assert bytes(again) == plain


def test_sixteen_mebibytes_are_not_made():
    sparse = SparseBytes(16 * 1024 * 1024)
    sparse[0x123456] = 1
    sparse[0:8192] = b"\xff" * 8192
    assert list(sparse.used()) == [0x123]

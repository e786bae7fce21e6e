# SPDX-License-Identifier: MIT
"""Workloads of known cost: they measure the measuring."""


def nothing():
    def step():
        pass

    return step


def _loop(count):
    def step():
        i = 0
        while i < count:
            i += 1

    return step


def loop_100():
    return _loop(100)


def loop_200():
    return _loop(200)


def allocates_a_list():
    """A list: the object (4 words) and its items (4 words), 64 bytes in blocks of 32 on a 64-bit port."""

    def step():
        return [1, 2, 3, 4]

    return step


def holds_nothing():
    return None


def holds_a_buffer():
    return bytearray(10000)


def holds_a_list():
    return [None] * 1000


class _Holder:
    def __init__(self):
        self.buffer = bytearray(6000)
        self.parts = ({"a": bytes(4000)},)


def holds_nested():
    return _Holder()

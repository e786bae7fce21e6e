# SPDX-License-Identifier: MIT
"""Noise that is a pure function of a seed and an index: the same whoever asks, in whatever order, and cheap."""

import math

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_RANGE = 2**64
_TURN = 2 * math.pi / 2**64


def _mixed(z):
    """splitmix64 (Steele, Lea, Flood 2014): 64 bits in, 64 bits out."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)


def normal_pair(seed, index):
    """Two independent standard normal deviates (Box and Muller 1958)."""
    z = seed + (2 * index + 1) * _STEP
    u = (_mixed(z & _MASK) + 1) / _RANGE
    angle = _mixed((z + _STEP) & _MASK) * _TURN
    radius = math.sqrt(-2 * math.log(u if u < 1.0 else 1.0))
    return radius * math.cos(angle), radius * math.sin(angle)

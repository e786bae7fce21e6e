# SPDX-License-Identifier: MIT
"""Calendar, time of use, blocks, prices: which register a watt-hour belongs to, and what it costs."""

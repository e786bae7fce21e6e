# SPDX-License-Identifier: MIT
"""Workloads for `heap.held`: the meter with its code in ROMFS, as on a board. The image is read into the heap here, where a
board has it in flash: `hardware` holds it as well as `booted`, and falls out of their difference.

FERRARIS_TAPE as for passes.py, and the path of the image as a seventh word.
"""

import os
import sys

import vfs

with open(os.getenv("FERRARIS_TAPE").split(" ")[6], "rb") as file:
    image = file.read()


def _mount():
    vfs.mount(vfs.VfsRom(image), "/rom")
    sys.path[:] = ["/rom"]  # nothing else: a module that is missing in the image must not be found beside it
    import rom_boot

    return rom_boot


def hardware():
    """The fake hardware alone."""
    return _mount().player()


def booted():
    """And the meter on it, some seconds after boot."""
    return _mount().booted()

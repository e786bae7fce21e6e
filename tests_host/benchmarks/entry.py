# SPDX-License-Identifier: MIT
"""Runs a workload on MicroPython to be measured from outside (host_tools/bench/callgrind.py and heap.py).

    micropython entry.py run MODULE FUNCTION        call the step FERRARIS_STEPS times (of the environment)
    micropython entry.py alloc MODULE FUNCTION N    the same, then print the heap bytes that one step allocated
    micropython entry.py held MODULE FUNCTION       print the heap in use after FUNCTION
    micropython entry.py rom MODULE FUNCTION FILE   print how many bytes of the names in FILE, one a line, lie in the image

A workload is a function without arguments that builds what it needs and returns a step: a function without arguments,
one iteration of what is measured. For `held` it may return anything; what it returns is kept. A module of workloads that has
mounted a ROMFS has its bytes as `image`: text and bytes of compiled code stay in there, and are not of the heap.
"""

import gc
import os
import sys

import micropython
import uctypes

_CONTAINERS = (list, tuple, set, frozenset)


def in_image(item, image):
    """True when the data of a str or bytes lies within the image and not on the heap."""
    return image is not None and 0 <= uctypes.addressof(item) - uctypes.addressof(image) < len(image)


def data_bytes(roots, image):
    """Bytes in the data of every str, bytes and bytearray on the heap within reach of `roots`: they are as long on a board.

    Walks containers, instances, classes and modules. What only a closure or a bound method holds is not seen.
    """
    seen = set()
    todo = list(roots)
    total = 0
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, (str, bytes, bytearray)):
            if item is not image and not in_image(item, image):
                total += len(item)
        elif isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, _CONTAINERS):
            todo.extend(item)
        elif isinstance(item, memoryview):
            continue  # its owner is counted
        else:
            inside = getattr(item, "__dict__", None)
            if inside is not None:
                todo.extend(inside.values())
    return total


def prepare(module, function):
    return getattr(__import__(module, None, None, [function]), function)()


def run(step, count):
    for _ in range(count):
        step()


def alloc(step, count):
    step()  # what only the first one allocates is not steady
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(count):
        step()
    after = gc.mem_alloc()
    gc.enable()
    print("allocated", after - before)


class _Namespace:
    pass


def rom(image, path):
    """Bytes of the names, as n_str_data_bytes counts them (with an end mark each), whose text is in the image."""
    total = 0
    with open(path) as file:
        for line in file:
            holder = _Namespace()
            setattr(holder, line[:-1], None)
            for name in holder.__dict__:  # the interned one
                if in_image(name, image):
                    total += len(name) + 1
    print("rom", total)


def held(kept, image):
    gc.collect()
    used = gc.mem_alloc()
    roots = [kept]
    for name in sys.modules:
        if name != "__main__":
            roots.append(sys.modules[name])
    print("used", used)
    print("data", data_bytes(roots, image))
    micropython.qstr_info(1)  # prints n_str_data_bytes: the names; and each of them


def main(arguments):
    mode, module, function = arguments[:3]
    kept = prepare(module, function)
    if mode == "run":
        # Asked for only now: what differs between two runs must not move anything in the heap while the workload is built.
        run(kept, int(os.getenv("FERRARIS_STEPS")))
    elif mode == "alloc":
        alloc(kept, int(arguments[3]))
    else:
        image = getattr(sys.modules[module], "image", None)
        if mode == "rom":
            rom(image, arguments[3])
        else:
            held(kept, image)


main(sys.argv[1:])

# SPDX-License-Identifier: MIT
"""Passes of the meter with the heap locked around each: any allocation is a MemoryError, and no handler hides one.

micropython locked.py TAPE CHIP VARIANT LCD FROM_PASS
"""

import sys

import micropython


def swallowed(meter):
    """Errors that some handler of the firmware counted and went on from: a MemoryError would be among them."""
    count = meter.store.save_failures + meter.log.refused + meter.timekeeper.errors + sum(meter.feature_off)
    for element in meter.elements:
        count += element.failures
    if meter.panel is not None:
        count += meter.panel.panel.errors
    return count


def check_lock():
    """The lock locks: a list, and on a 32-bit port an int of 2**30, cannot be made. Else the rest would prove nothing."""
    values = [1 << 29]
    refused = 0
    micropython.heap_lock()
    try:
        values.append([0])  # the inner list
    except MemoryError:
        refused = 1
    boxed = 0
    try:
        values[0] = values[0] + values[0]
    except MemoryError:
        boxed = 1
    micropython.heap_unlock()
    if not refused or (sys.maxsize == 0x7FFFFFFF and not boxed):
        raise RuntimeError("the heap lock does not lock")


def poll(meter, now_ms):
    """One pass, heap locked. returns: what poll() did."""
    micropython.heap_lock()
    try:
        return meter.poll(now_ms)
    finally:
        micropython.heap_unlock()


def play(path, chip, variant, lcd, from_pass):
    """Play a whole tape, locked from pass number `from_pass` on. returns: one line; raises what goes wrong"""
    from compose import compose
    from tape_player import Player

    check_lock()
    player = Player(path)
    meter = compose(player.hardware(chip, variant, lcd))
    meter.set_longest_wait(1000)
    before = 0
    locked = 0
    while player.next_pass(meter):
        if player.passes < from_pass:
            meter.poll(player.now_ms)
            before = swallowed(meter)
            continue
        poll(meter, player.now_ms)
        locked += 1
        if swallowed(meter) != before or player.lost:
            if meter.store.last_error is not None:
                sys.print_exception(meter.store.last_error)
            raise RuntimeError(
                "pass %d at tick %d: %s" % (player.passes, player.now_ms, "lost" if player.lost else "error")
            )
    if player.lost or not locked:
        raise RuntimeError("the tape ended in pass %d" % player.passes)
    events = sum([log.total for log in meter.log.logs.log])
    return "locked %d passes, %d events, %s Wh" % (locked, events, meter.elements[0].registers.wh[0])


if __name__ == "__main__":
    print(play(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5])))

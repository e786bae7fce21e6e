# SPDX-License-Identifier: MIT
"""The measuring, on workloads of known cost: from how MicroPython lays out objects (py/objlist.c; py/gc.c: blocks of
four words), or compared with each other.
"""

import shutil
from pathlib import Path

import pytest

from host_tools import image
from host_tools.bench import callgrind, heap

BENCHMARKS = Path(__file__).resolve().parent / "benchmarks"


def test_a_step_that_allocates_nothing():
    assert heap.allocated("known", "nothing") == 0
    assert heap.allocated("known", "loop_100") == 0


def test_a_step_that_allocates_a_list():
    assert heap.allocated("known", "allocates_a_list") == 64


def test_held_bytes_of_a_buffer_count_fully_on_a_board():
    base = heap.held("known", "holds_nothing")
    buffer = heap.held("known", "holds_a_buffer")
    # The collector is conservative: a few dead blocks may look alive on either side.
    assert abs(buffer.used - base.used - 10000) <= 128
    assert buffer.data - base.data == 10000
    assert abs(buffer.board - base.board - 10000) <= 64


def test_held_words_count_half_on_a_board():
    base = heap.held("known", "holds_nothing")
    words = heap.held("known", "holds_a_list")
    assert abs(words.used - base.used - 8000) <= 128
    assert words.data == base.data
    assert abs(words.board - base.board - 4000) <= 64


def test_held_data_is_found_inside_objects():
    assert heap.held("known", "holds_nested").data - heap.held("known", "holds_nothing").data == 10000


def test_text_that_stays_in_a_romfs_is_not_data_of_the_heap(tmp_path):
    """The same module, once with 9000 bytes of constant bytes and a name of 200 letters in it, once without."""
    found = []
    for text in (
        "def player():\n    return 1\n",
        f"{'n' * 200} = {b'x' * 9000}\n\n\ndef player():\n    return {'n' * 200}\n",
    ):
        source, rom, packed = tmp_path / "rom_boot.py", tmp_path / "rom", tmp_path / "image.romfs"
        source.write_text(text)
        image.compile_tree([(Path("rom_boot"), source)], "x64", rom)
        packed.write_bytes(image.romfs_of(rom))
        use = heap.held("rom_mount", "hardware", path=(BENCHMARKS,), tape=f"- - - - - - {packed}")
        found.append((use.used - packed.stat().st_size, use.data))
    # An object with its slot and an entry in the pool of names; the image itself is in both figures of `used`.
    assert abs(found[1][0] - found[0][0]) <= 512
    assert found[1][1] == found[0][1]


def test_a_workload_that_fails_is_told():
    with pytest.raises(RuntimeError, match="no_such_function"):
        heap.held("known", "no_such_function")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions_grow_with_the_work_and_with_nothing_else():
    one = callgrind.per_iteration("known", "loop_100", lengths=(5, 25))
    two = callgrind.per_iteration("known", "loop_200", lengths=(5, 25))
    assert one > 100 * 5 * 5  # a turn of the loop is five byte codes, and none takes fewer than five instructions
    assert 1.9 * one < two < 2 * one  # the call of the step is there once in both

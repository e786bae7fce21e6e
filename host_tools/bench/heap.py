# SPDX-License-Identifier: MIT
"""Heap of a workload on MicroPython's unix port: what stays in use, and what one iteration allocates.

The unix port has words of eight bytes, the boards of four: objects are half as big there, while the data of str,
bytes and bytearray is as big as here. Of `used` bytes with `data` among them a board therefore needs (used - data) /
2 + data, which is (used + data) / 2.

What is loaded from a ROMFS leaves its byte code, the text of its names and its constant str and bytes there (MicroPython,
py/persistentcode.c, load_qstr() and load_obj(): the object or the entry of the pool is on the heap and points into the image).
So does the unix port, and there it can be seen: the address of such a text lies in the image. It is not on the heap and
not counted as data.
"""

import re
import subprocess
import tempfile

from host_tools.bench import runtimes
from host_tools.bench.callgrind import ENTRY, PATH, environment


class HeapUse:
    """used: bytes of the unix port's heap after a collection. data: bytes in str, bytes and bytearray, names included.

    board: the estimate for a 32-bit board, (used + data) / 2 rounded up.
    """

    __slots__ = ("board", "data", "used")

    def __init__(self, used, data):
        self.used = used
        self.data = data
        self.board = (used + data + 1) // 2

    def __add__(self, other):
        return HeapUse(self.used + other.used, self.data + other.data)

    def __sub__(self, other):
        return HeapUse(self.used - other.used, self.data - other.data)

    def __repr__(self):
        return f"HeapUse(used={self.used}, data={self.data}, board={self.board})"


def _run(arguments, path, heapsize, tape=""):
    command = [runtimes.micropython(), "-X", f"heapsize={heapsize}", str(ENTRY), *arguments]
    result = subprocess.run(command, env=environment(path, tape), capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{arguments} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def _field(name, output):
    return int(re.search(rf"^{name}\s(\d+)$", output, re.MULTILINE)[1])


def held(module, function, path=PATH, heapsize="4M", tape=""):
    """Heap in use after the workload was built, code included, what lies in a ROMFS not. returns: HeapUse."""
    output = _run(["held", module, function], path, heapsize, tape)
    names = int(re.search(r"n_str_data_bytes=(\d+)", output)[1])
    if tape:
        # The port counts the names in ROM too; the workload is built again to be asked for the place of each.
        with tempfile.NamedTemporaryFile("w", suffix=".names") as file:
            file.writelines(f"{name}\n" for name in re.findall(r"^Q\((.+)\)$", output, re.MULTILINE))
            file.flush()
            names -= _field("rom", _run(["rom", module, function, file.name], path, heapsize, tape))
    return HeapUse(_field("used", output), _field("data", output) + names)


def allocated(module, function, count=100, path=PATH, heapsize="16M"):
    """Heap bytes that one steady step allocates, the mean of `count` without a collection. returns: float."""
    return _field("allocated", _run(["alloc", module, function, str(count)], path, heapsize)) / count

# SPDX-License-Identifier: MIT
"""`--state DIR`: what the simulated meter's storage held when it was last switched off.

One directory with `state.json` (version, whose state it is, and name, size and CRC-32 of each part) and one file a part.
A save writes the parts under new names and then replaces `state.json`: at any instant the directory holds one whole
state, the old one or the new one. What does not check is refused and left as it is.
"""

import contextlib
import fcntl
import json
import os
import zlib
from datetime import datetime
from pathlib import Path

from host_tools.errors import BadInput, NoDevice

VERSION = 2  # 1 had no NOR, and a smaller partition
_INDEX = "state.json"
_PARTS = {"fram": 32_768, "partition": 3_145_728}  # a meter has one of them
_NOR = "nor"  # beside the FRAM: its blocks of 4 KiB up to the last that is not blank
_NOR_MOST = 16 * 1024 * 1024
_BLOCK = 4096
_EPOCH = datetime(2000, 1, 1)
_LAST = datetime(2200, 1, 1)  # end of the meter's calendar


class StateDirectory:
    """path: directory, made at the first save. utc: (day, second) since 2000 when it was switched off, None while fresh.

    Holds the directory's lock until `close`. raises BadInput when what is there cannot be trusted, NoDevice when another
    run has it.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.data = None
        self.utc = None
        self._lock = None
        try:
            if self.path.exists() or self.path.is_symlink():
                self._open()
            self._check_writable()
        except OSError as error:
            raise BadInput(f"state {self.path}: {error.strerror or error}") from None
        except BadInput:
            self.close()
            raise

    def _open(self):
        if not self.path.is_dir():
            raise BadInput(f"state {self.path}: not a directory")
        self._take_lock()
        if (self.path / _INDEX).exists():
            self.data = self._read()
            elapsed = self.data["utc"] - _EPOCH
            self.utc = (elapsed.days, elapsed.seconds)
        elif any(self.path.iterdir()):
            raise BadInput(f"state {self.path}: not empty, and no {_INDEX} in it")

    def _check_writable(self):
        """What is run must be kept: better refused now than lost at the end."""
        place = self.path.absolute()
        while not place.exists():
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise BadInput(f"state {self.path}: {place} cannot be written to")

    def _take_lock(self):
        """On the directory itself: no file is left behind, and the lock goes with the process."""
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise NoDevice(f"state {self.path}: in use by another run") from None

    def close(self):
        """Give the directory to others."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def fresh(self):
        """True when there is nothing stored yet."""
        return self.data is None

    def _read(self):
        try:
            header = json.loads((self.path / _INDEX).read_text())
            if header["version"] != VERSION:
                raise BadInput(f"state {self.path}: version {header['version']!r}, this is version {VERSION}")
            storage = "partition" if "partition" in header["parts"] else "fram"
            data = {"storage": storage, "memory": self._part(storage, _PARTS[storage], header["parts"][storage])}
            data[_NOR] = self._nor(header["parts"][_NOR]) if storage == "fram" else {}
            data["utc"] = datetime.fromisoformat(header["utc"])
            if data["utc"].tzinfo is not None or not _EPOCH <= data["utc"] < _LAST:
                raise ValueError("utc is not a time of this meter")
            for key, kind in (("seed", int), ("chip", str), ("variant", str)):
                if type(header[key]) is not kind:
                    raise ValueError(f"{key} is not {kind.__name__}")
                data[key] = header[key]
        except KeyError as error:
            raise BadInput(f"state {self.path}: {_INDEX} has no {error}") from None
        except (OSError, ValueError, TypeError, RecursionError) as error:
            text = (str(error).splitlines() or [type(error).__name__])[0]
            raise BadInput(f"state {self.path}: cannot be read ({text})") from None
        return data

    def _part(self, name, size, entry):
        """Bytes of one part, checked. `entry`: dict file, size, crc32."""
        file = entry["file"]
        if Path(file).name != file:
            raise ValueError(f"{name} lies outside the directory")
        raw = (self.path / file).read_bytes()
        if entry["size"] != size or len(raw) != size or zlib.crc32(raw) != entry["crc32"]:
            raise BadInput(f"state {self.path}: {file} is damaged (size or checksum)")
        return raw

    def _nor(self, entry):
        """What SparseBytes.use takes."""
        size = entry["size"]
        if type(size) is not int or size % _BLOCK or not 0 <= size <= _NOR_MOST:
            raise ValueError("nor has no possible size")
        raw = self._part(_NOR, size, entry)
        return {at // _BLOCK: raw[at : at + _BLOCK] for at in range(0, size, _BLOCK)}

    def check(self, job):
        """The stored unit must be the one that is to run: its calibration belongs to its hidden errors."""
        if self.data is None:
            return
        stored = (self.data["seed"], self.data["chip"], self.data["variant"], self.data["storage"])
        if stored != (job.seed, job.chip, job.variant, job.storage):
            self.close()
            unit = ", ".join(str(item) for item in stored)
            raise BadInput(f"state {self.path}: belongs to seed {unit}, not to this unit")

    def load_into(self, bench):
        """Put the stored bytes into the board's parts."""
        if self.data is not None:
            bench.memory[:] = self.data["memory"]
            if bench.nor is not None:
                bench.nor.storage.data.use(self.data[_NOR])

    @property
    def unit(self):
        """{"seed", "chip", "variant", "storage"} of the stored unit; not while fresh."""
        return {name: self.data[name] for name in ("seed", "chip", "variant", "storage")}

    def replace(self, memory, nor):
        """Other bytes for the same unit, switched off at the same time. nor: SparseBytes or None. raises BadInput"""
        parts = {self.data["storage"]: bytes(memory)}
        if nor is not None:
            parts[_NOR] = _used(nor)
        try:
            self._save(parts, self.data["utc"], self.data)
        except OSError as error:
            raise BadInput(f"state {self.path}: cannot be written ({error.strerror or error})") from None

    def save(self, bench, job):
        """Write what the board holds now; the old state stays valid until the new one is complete. raises BadInput"""
        try:
            parts = {job.storage: bytes(bench.memory)}
            if bench.nor is not None:
                parts[_NOR] = _used(bench.nor.storage.data)
            unit = {"seed": job.seed, "chip": job.chip, "variant": job.variant}
            self._save(parts, bench.rtc.utc(), unit)
        except OSError as error:
            raise BadInput(f"state {self.path}: cannot be written ({error.strerror or error})") from None

    def _save(self, parts, utc, unit):
        self.path.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            self._take_lock()
        header = {
            "version": VERSION,
            "seed": unit["seed"],
            "chip": unit["chip"],
            "variant": unit["variant"],
            "utc": utc.isoformat(),
            "parts": {},
        }
        for name, raw in parts.items():
            crc32 = zlib.crc32(raw)
            file = f"{name}-{crc32:08x}.bin"
            header["parts"][name] = {"file": file, "size": len(raw), "crc32": crc32}
            _replace(self.path / file, raw)
        _replace(self.path / _INDEX, (json.dumps(header, indent=1) + "\n").encode())
        kept = {entry["file"] for entry in header["parts"].values()}
        for name in parts:
            for old in self.path.glob(f"{name}-????????.bin"):
                if old.name not in kept:
                    with contextlib.suppress(OSError):
                        old.unlink()


def _used(nor):
    """The bytes of a SparseBytes up to the last block that is not blank."""
    return bytes(nor[: (max(nor.used(), default=-1) + 1) * _BLOCK])


def _replace(path, raw):
    new = path.with_suffix(path.suffix + ".new")
    with open(new, "wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, path)

# SPDX-License-Identifier: MIT
"""`--state DIR`: what the simulated meter's storage held when it was last switched off.

One directory, one `state.json` (version, sizes, CRC-32 of each file) and one file a part. Written whole or not at all; a
directory that does not check is refused and left as it is.
"""

import json
import os
import zlib
from pathlib import Path

from host_tools.errors import BadInput

VERSION = 1
_PARTS = ("fram",)


class StateDirectory:
    """path: directory, made at the first save. raises BadInput when what is there cannot be trusted."""

    def __init__(self, path):
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise BadInput(f"state {self.path}: not a directory")
        self.data = self._read() if (self.path / "state.json").exists() else None
        if self.data is None and self.path.exists() and any(self.path.iterdir()):
            raise BadInput(f"state {self.path}: not empty, and no state.json in it")

    @property
    def fresh(self):
        """True when there is nothing stored yet."""
        return self.data is None

    def _read(self):
        index = self.path / "state.json"
        try:
            header = json.loads(index.read_text())
            if header["version"] != VERSION:
                raise BadInput(f"state {self.path}: version {header['version']}, this is version {VERSION}")
            data = {}
            for part in _PARTS:
                raw = (self.path / f"{part}.bin").read_bytes()
                if len(raw) != header["parts"][part]["size"] or zlib.crc32(raw) != header["parts"][part]["crc32"]:
                    raise BadInput(f"state {self.path}: {part}.bin is damaged (size or checksum)")
                data[part] = raw
            data["utc"] = header["utc"]
            data["seed"] = header["seed"]
            data["chip"] = header["chip"]
        except BadInput:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"state {self.path}: cannot be read ({str(error).splitlines()[0]})") from None
        return data

    def check(self, job):
        """The stored unit must be the one that is to run: its calibration belongs to its hidden errors."""
        if self.data is not None and (self.data["seed"] != job.seed or self.data["chip"] != job.chip):
            raise BadInput(
                f"state {self.path}: belongs to seed {self.data['seed']} with {self.data['chip']}, not to this unit"
            )

    def load_into(self, bench):
        """Put the stored bytes into the board's parts."""
        if self.data is not None:
            bench.fram.storage.data[:] = self.data["fram"]

    def save(self, bench, job):
        """Write what the board holds now; the old state stays valid until the new one is complete."""
        self.path.mkdir(parents=True, exist_ok=True)
        parts = {"fram": bytes(bench.fram.storage.data)}
        header = {
            "version": VERSION,
            "seed": job.seed,
            "chip": job.chip,
            "utc": bench.rtc.utc().isoformat(),
            "parts": {name: {"size": len(raw), "crc32": zlib.crc32(raw)} for name, raw in parts.items()},
        }
        for name, raw in parts.items():
            _replace(self.path / f"{name}.bin", raw)
        _replace(self.path / "state.json", (json.dumps(header, indent=1) + "\n").encode())


def _replace(path, raw):
    new = path.with_suffix(path.suffix + ".new")
    with open(new, "wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(new, path)

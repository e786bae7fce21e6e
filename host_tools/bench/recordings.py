# SPDX-License-Identifier: MIT
"""Files of what flowed, as segments for the world: one door, the format is recognised by the header line.

    recording = open_recording("data/household_fr/fr_sceaux_2008_1min.csv.gz")
    for duration_us, point in recording.segments(): ...

Plain or gzip-compressed (by content, not by name). Anything wrong with a file is one RecordingError with one line of
text. The header is checked when the file is opened, a row when it is reached; `total_nj()` reaches every row.
"""

import gzip
import zlib
from pathlib import Path

from host_tools.bench.chips.energy import REGISTER_KEYS
from host_tools.bench.recording_formats import EPOCH, FORMATS, Fault


class RecordingError(Exception):
    """The file cannot be metered: "name, line n: what is wrong"."""


class Recording:
    """One opened file.

    name: str, file name without suffixes. start_utc: (days, seconds) since 2000-01-01T00:00 UTC of the first segment.
    """

    def __init__(self, path, read_rows, start_utc):
        self.path = path
        self.name = path.name.split(".")[0]
        self.start_utc = start_utc
        self._read_rows = read_rows

    def segments(self):
        """Yield (duration_us, OperatingPoint) in order of time, lazily; may be asked again. Raises RecordingError."""
        return _guarded(self.path, self._read_rows)

    def total_nj(self):
        """dict REGISTER_KEYS -> int nJ of the whole file, each segment by its own sign. Checks every row."""
        totals = dict.fromkeys(REGISTER_KEYS, 0)
        for duration_us, point in self.segments():
            exporting = point.active_mw < 0
            totals["active_export_wh" if exporting else "active_import_wh"] += abs(point.active_mw) * duration_us
            totals["apparent_export_vah" if exporting else "apparent_import_vah"] += point.apparent_mva * duration_us
            capacitive = point.reactive_mvar < 0
            totals["reactive_export_varh" if capacitive else "reactive_import_varh"] += (
                abs(point.reactive_mvar) * duration_us
            )
        return totals


def open_recording(path, **options):
    """Recognise `path` and read as far as its first row.

    options: for SimBench files only, see recording_formats.simbench. Raises RecordingError.
    """
    path = Path(path)
    with _open(path) as lines:
        header = _first_line(path, lines)
    try:
        make = FORMATS[header]
    except KeyError:
        raise RecordingError(f"{path.name}, line 1: unknown header {header[:60]!r}") from None
    try:
        read_rows, start = make(**options)
    except Fault as fault:
        raise RecordingError(f"{path.name}: {fault}") from None
    except TypeError:
        raise RecordingError(f"{path.name}: options {', '.join(options)} do not fit a file of this format") from None
    if start is None:  # told by the first row
        for first in _guarded(path, lambda lines: read_rows(lines, only_start=True)):
            start = first
    assert start is not None  # a file without rows was refused above
    elapsed = start - EPOCH
    return Recording(path, read_rows, (elapsed.days, elapsed.seconds))


class _Lines:
    """Iterates over the lines of a text file and knows the number of the last one handed out."""

    def __init__(self, stream):
        self.stream = stream
        self.number = 0

    def __iter__(self):
        for line in self.stream:
            self.number += 1
            yield line

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stream.close()


def _open(path):
    try:
        with open(path, "rb") as probe:
            packed = probe.read(2) == b"\x1f\x8b"
        opener = gzip.open if packed else open
        return _Lines(opener(path, "rt", encoding="utf-8-sig"))
    except OSError as error:
        raise RecordingError(f"{path.name}: {error.strerror or error}") from None


_UNREADABLE = (EOFError, OSError, zlib.error, UnicodeDecodeError)


def _what(error):
    if isinstance(error, EOFError):
        return "the compressed file ends too early"
    if isinstance(error, UnicodeDecodeError):
        return "not text"
    return str(error)


def _first_line(path, lines):
    try:
        header = lines.stream.readline()
    except _UNREADABLE as error:
        raise RecordingError(f"{path.name}, line 1: {_what(error)}") from None
    if not header.strip():
        raise RecordingError(
            f"{path.name}, line 1: the file is empty" if not header else f"{path.name}, line 1: no header"
        )
    return header.strip()


def _guarded(path, read_rows):
    """Run a reader over the rows of a file; whatever goes wrong comes out as RecordingError with file and line."""
    with _open(path) as lines:
        _first_line(path, lines)
        lines.number = 1
        try:
            yield from read_rows(lines)
        except Fault as fault:
            raise RecordingError(f"{path.name}, line {lines.number}: {fault}") from None
        except ValueError as error:  # int() and unpacking; UnicodeDecodeError is one too
            text = "not text" if isinstance(error, UnicodeDecodeError) else _row_error(error)
            raise RecordingError(f"{path.name}, line {lines.number}: {text}") from None
        except _UNREADABLE as error:
            raise RecordingError(f"{path.name}, line {lines.number}: {_what(error)}") from None
        if lines.number == 1:
            raise RecordingError(f"{path.name}, line 2: no rows")


def _row_error(error):
    text = str(error)
    if "unpack" in text:
        return "wrong number of columns"
    return text.replace("invalid literal for int() with base 10:", "not a whole number:")

# SPDX-License-Identifier: MIT
"""The firmware's connection to a bench in another process: messages out, answers in, and the ticks that come with them.

Runs on MicroPython's unix port; remote.py has the hardware objects that speak through it. docs/link-protocol.md has the
bytes.

Outputs are posted: they are kept, in order, and leave together with the next operation that needs an answer. Nothing is
allocated after construction, OSErrors apart.

    link = Link()  # the address is in the environment
    now_ms = link.wait(next_ms)
"""

import json
import os
import socket
import sys

from micropython import const

_VERSION = const(1)
_ADDRESS_VARIABLE = "FERRARIS_LINK"  # "port token"

_HELLO = const(0x01)
_CLOCK = const(0x50)
_WAIT = const(0x53)
_REPORT = const(0x70)
_LOG = const(0x71)

_REPLY_BYTES = const(13)  # status u8, value i32, ticks_ms u32, ticks_us u32
_OUT_BYTES = const(1024)
_INLINE_BYTES = const(128)  # longer data is not copied: it goes from the caller's buffer to the socket
_FULL_AT = const(1024 - 128 - 16)  # a header, its fields and inline data always fit behind this

_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)


class Link:
    """The connection, and what belongs to the board as a whole.

    handles: dict, name of a bench object -> its number. config: what the bench says about the board, as JSON carried
    it. request: int, what the host asked for with the reply to the last `wait` (0 nothing). raises: SystemExit
    whenever the bench has gone (no handler of the firmware may go on without its world).
    """

    def __init__(self, address=None):
        """address: "port token"; from the environment when None."""
        port, token = (address or os.getenv(_ADDRESS_VARIABLE)).split(" ")
        self._out = bytearray(_OUT_BYTES)
        self._at = 0
        self._head = bytearray(_REPLY_BYTES)
        self._fresh = False  # the ticks of the last reply still hold
        self.request = 0
        self._sock = socket.socket()
        self._sock.connect(socket.getaddrinfo("127.0.0.1", int(port))[0][-1])
        self._sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        self.begin(_HELLO, 0, 1 + len(token))
        self.put8(_VERSION)
        self.put(token.encode())
        self.ask()
        answer = bytearray(self.answer())
        self.receive(answer)
        answer = json.loads(bytes(answer))
        self.handles = answer["handles"]
        self.config = answer["config"]
        sys.atexit(self.flush)

    # Messages: `begin`, the fields, then nothing (posted) or `ask` (answered).

    def begin(self, op, handle, length):
        """Header of a message with `length` payload bytes (0..65535), which the caller puts next."""
        if self._at > _FULL_AT:
            self.flush()
        at = self._at
        out = self._out
        out[at] = op
        out[at + 1] = handle
        out[at + 2] = length & 0xFF
        out[at + 3] = length >> 8
        self._at = at + 4
        self._fresh = False

    def put8(self, value):
        self._out[self._at] = value
        self._at += 1

    def put16(self, value):
        at = self._at
        self._out[at] = value & 0xFF
        self._out[at + 1] = value >> 8
        self._at = at + 2

    def put32(self, value):
        self.put16(value & 0xFFFF)
        self.put16((value >> 16) & 0xFFFF)

    def put(self, data):
        n = len(data)
        if n <= _INLINE_BYTES:
            self._out[self._at : self._at + n] = data
            self._at += n
        else:
            self.flush()
            try:
                self._sock.write(data)
            except OSError:
                raise SystemExit(0)

    def flush(self):
        """Send what is posted. The interpreter does so too when it ends, by whatever exception."""
        n = self._at
        if n:
            self._at = 0
            try:
                self._sock.write(self._out, n)
            except OSError:
                raise SystemExit(0)

    def ask(self):
        """Send, and take the head of the reply. raises: OSError with the bench's error number."""
        self.flush()
        self.receive(self._head)
        self._fresh = True
        if self._head[0]:
            raise OSError(self._head[0])

    def receive(self, buf):
        """Fill `buf` with the data of a reply."""
        try:
            n = self._sock.readinto(buf)
        except OSError:
            n = 0
        if n != len(buf):
            raise SystemExit(0)

    def receive_part(self, buf, n):
        """The first `n` bytes (1..len) of `buf`."""
        try:
            done = self._sock.readinto(buf, n)
        except OSError:
            done = 0
        if done != n:
            raise SystemExit(0)

    def answer(self):
        """Value of the last reply, int32."""
        head = self._head
        return head[1] | head[2] << 8 | head[3] << 16 | ((head[4] ^ 0x80) - 0x80) << 24

    # Time. Reading the clock costs no virtual time, so the ticks of the last reply hold until something is sent.

    def ticks_ms(self):
        if not self._fresh:
            self.begin(_CLOCK, 0, 0)
            self.ask()
        head = self._head
        return head[5] | head[6] << 8 | head[7] << 16 | head[8] << 24

    def ticks_us(self):
        if not self._fresh:
            self.begin(_CLOCK, 0, 0)
            self.ask()
        head = self._head
        return head[9] | head[10] << 8 | head[11] << 16 | head[12] << 24

    def wait(self, ms):
        """Let the world go on, as the bench's `wait(ms)` understands ms. Returns the new tick, int ms."""
        self.begin(_WAIT, 0, 4)
        self.put32(ms)
        self.ask()
        self.request = self.answer()
        return self.ticks_ms()

    # Beside the board: what a test or a person wants to see.

    def report(self, tag, data):
        """Post `data` (bytes-like, 0..65535) to the host as report number `tag` (0..255)."""
        self.begin(_REPORT, tag, len(data))
        self.put(data)

    def log(self, text):
        """Post one line of text. allocates: yes."""
        data = text.encode()
        self.begin(_LOG, 0, len(data))
        self.put(data)

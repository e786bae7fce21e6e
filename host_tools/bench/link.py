# SPDX-License-Identifier: MIT
"""The bench's end of the link: serves the objects of the bench to one firmware process (boards/virtual/remote.py).

The firmware runs in MicroPython's unix port and everything it touches happens here, in this process, on the same
objects that an in-process run uses; that is why both have the same virtual times. docs/link-protocol.md has the
bytes.

What a bench object raises decides: OSError travels to the firmware as the same OSError; anything else (PowerCut,
McuReset, EndOfRun, a bug of the bench) kills the firmware at that very operation, as a real reset would, and leaves
through `serve`.

    with LinkServer({"afe_spi": bus, "afe_cs": pin}, clock, world.wait, "firmware/main.py") as link:
        link.start()
        link.serve()
"""

import json
import os
import secrets
import socket
import struct
import subprocess
import tempfile
import time

from host_tools.bench import runtimes
from host_tools.bench.link_operations import OPERATIONS

VERSION = 1
HELLO = 0x01
ADDRESS_VARIABLE = "FERRARIS_LINK"

_HEADER = struct.Struct("<BBH")  # operation, handle, payload bytes
_REPLY = struct.Struct("<BiII")  # status, value, ticks_ms, ticks_us
_I32 = struct.Struct("<i")
_OK = 0
_START_S = 20
_RECEIVE_BYTES = 65536


class LinkError(Exception):
    """The firmware process could not be started, died, fell silent or broke the protocol; the text says which."""


class LinkServer:
    """One firmware process and the bench objects it may touch.

    objects: dict name -> bench object (Pin, SpiBus, I2cBus, UART, block device, watchdog, callable), at most 256.
    clock: VirtualClock. wait: callable(ms), the world going on. script: what MicroPython runs, a path from `cwd`.
    path: folders for the firmware's sys.path. heapsize: text for -X heapsize= ("192kw"), or None. config: JSON-able,
    for the board package. on_report(tag, bytes), on_log(text): out-of-band messages. silence_s: real seconds without
    a message after which the firmware counts as hung. output: bytes, what the last process printed, after `stop`.
    """

    def __init__(
        self,
        objects,
        clock,
        wait,
        script,
        arguments=(),
        *,
        cwd=None,
        path=("firmware", "boards"),
        heapsize=None,
        config=None,
        on_report=None,
        on_log=None,
        silence_s=60.0,
    ):
        self.objects = list(objects.values())
        self.names = list(objects)
        self.clock = clock
        self.wait = wait
        self.command = [runtimes.micropython()]
        if heapsize is not None:
            self.command += ["-X", f"heapsize={heapsize}"]
        self.command += [str(script), *map(str, arguments)]
        self.cwd = cwd
        self.path = path
        self.config = config
        self.on_report = on_report
        self.on_log = on_log
        self.silence_s = silence_s
        self.messages = 0  # operations done, all runs
        self.replies = 0  # of them answered
        self.output = b""
        self._request = 0
        self._process = None
        self._sock = None
        self._output_file = None
        self._token = b""
        self._greeted = False
        self._operations = self._table()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    # -- the process -------------------------------------------------------------------------------------------

    def start(self):
        """Launch the firmware and let it connect. raises: LinkError if it does not within 20 s."""
        self.stop()
        self._token = secrets.token_hex(8).encode()
        self._greeted = False
        with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
            port = listener.getsockname()[1]
            environment = dict(os.environ)
            environment[ADDRESS_VARIABLE] = f"{port} {self._token.decode()}"
            environment["MICROPYPATH"] = ":".join([".frozen", *map(str, self.path)])
            self._output_file = tempfile.TemporaryFile()
            self._process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._output_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for the bench, not for the firmware
            )
            self._sock = self._accept(listener)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock.settimeout(self.silence_s)

    def _accept(self, listener):
        listener.settimeout(0.1)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                return listener.accept()[0]
            except TimeoutError:
                if self._process.poll() is not None:
                    break
        self._fail("did not connect")

    def stop(self):
        """Kill the process if it runs and close the socket; may be called at any time."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._output_file.seek(0)
            self.output = self._output_file.read()
            self._output_file.close()

    def _fail(self, what):
        code = self._process.poll()
        self.stop()
        tail = self.output[-2000:].decode(errors="replace")
        state = "" if code is None else f" (exit code {code})"
        raise LinkError(f"firmware {what}{state}; it printed:\n{tail}")

    def request(self, number):
        """Hand `number` (int32, 0 = nothing) to the firmware with the reply to its next wait."""
        self._request = number

    def run(self, on_reset):
        """Start and serve again after every reset, until the firmware ends by itself.

        on_reset(error): called with what a bench object raised while the firmware ran; returns True to boot again,
        else the error leaves through here. It never sees LinkError or KeyboardInterrupt. returns: exit code.
        """
        while True:
            self.start()
            try:
                return self.serve()
            except (LinkError, KeyboardInterrupt):
                raise
            except BaseException as error:
                if not on_reset(error):
                    raise

    # -- the messages ------------------------------------------------------------------------------------------

    def serve(self):
        """Do what the firmware asks until it ends. returns: its exit code, 0.

        raises: LinkError if it dies with another code, falls silent or sends nonsense; whatever else a bench object
        raises.
        """
        try:
            self._serve()
            code = self._ended()
        except BaseException:
            self.stop()
            raise
        self.stop()
        return code

    def _ended(self):
        try:
            code = self._process.wait(_START_S)
        except subprocess.TimeoutExpired:
            self._fail("closed the link and went on")
        if code != 0:
            self._fail("died")
        return code

    def _serve(self):
        sock = self._sock
        operations = self._operations
        header = _HEADER.size
        pending = b""
        while True:
            try:
                chunk = sock.recv(_RECEIVE_BYTES)
            except TimeoutError:
                self._fail("fell silent")
            except ConnectionError:  # died with replies unread
                chunk = b""
            if not chunk:
                return
            pending = pending + chunk if pending else chunk
            at = 0
            end = len(pending)
            while end - at >= header:
                operation, handle, length = _HEADER.unpack_from(pending, at)
                stop = at + header + length
                if stop > end:
                    break
                self._do(operations, operation, handle, pending[at + header : stop])
                at = stop
            pending = pending[at:]

    def _do(self, operations, operation, handle, payload):
        self.messages += 1
        found = operations.get(operation)
        if found is None or not (self._greeted or operation == HELLO):
            self._fail(f"sent operation 0x{operation:02x}, not known here")
        function, answered, on_object = found
        if on_object:
            if handle >= len(self.objects):
                self._fail(f"used handle {handle}, which stands for nothing")
            handle = self.objects[handle]
        if not answered:
            function(handle, payload)
            return
        self.replies += 1
        status, value, data = _OK, 0, b""
        try:
            result = function(handle, payload)
        except OSError as error:
            status = error.args[0]
        else:
            if type(result) is tuple:
                value, data = result
            elif type(result) is int:
                value = result
            elif result is not None:
                data = result
        clock = self.clock
        reply = _REPLY.pack(status, value, clock.ticks_ms(), clock.ticks_us())
        try:
            self._sock.sendall(reply + data if data else reply)
        except ConnectionError:  # the next receive finds out how it ended
            pass

    def _table(self):
        """operation -> (function(object or handle, payload), answered, takes an object): those of parts and of the
        whole."""
        return {
            **OPERATIONS,
            HELLO: (self._hello, True, False),
            0x50: (lambda handle, p: None, True, False),
            0x51: (lambda handle, p: self.clock.sleep_ms(_I32.unpack(p)[0]), False, False),
            0x52: (lambda handle, p: self.clock.sleep_us(_I32.unpack(p)[0]), False, False),
            0x53: (self._wait, True, False),
            0x61: (lambda function, p: function(self.objects[p[0]], p[1]), False, True),
            0x70: (self._report, False, False),
            0x71: (self._log, False, False),
        }

    def _hello(self, handle, payload):
        version, token = payload[0], payload[1:]
        if version != VERSION or not secrets.compare_digest(token, self._token):
            self._fail(f"speaks version {version} of the link, or is not the process that was started")
        self._greeted = True
        handles = {name: number for number, name in enumerate(self.names)}
        answer = json.dumps({"handles": handles, "config": self.config}).encode()
        return len(answer), answer

    def _wait(self, handle, payload):
        self.wait(_I32.unpack(payload)[0])
        request, self._request = self._request, 0
        return request

    def _report(self, tag, payload):
        if self.on_report is not None:
            self.on_report(tag, payload)

    def _log(self, handle, payload):
        if self.on_log is not None:
            self.on_log(payload.decode())

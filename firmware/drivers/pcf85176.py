# SPDX-License-Identifier: MIT
"""PCF85176 (and PCF8576C) LCD driver, 40 SEG x 4 BP, on I2C at 0x38; 32 x 4 of it are used.

Source: NXP PCF85176 datasheet, "Command definitions" and "Display RAM"; power-on of PCF8576D. A transfer is command
bytes (bit 7: another command follows), then data; in 1:4 drive a data byte fills two columns, MSB first: BP0..BP3 of
the first, then of the second. A frame is therefore the chip's RAM already. The part is write only and cannot be asked
how it is, so every write repeats the mode, sets the pointer (unknown after an early end) and sends all columns: 23
bytes, 0.55 ms at 400 kHz, 2.2 ms at 100 kHz. A chip that lost its supply is back with the next write. It must not be
addressed in the first millisecond after power-on.

    lcd = PCF85176(i2c)
    lcd.start()
    lcd.write(frame)
"""

from micropython import const

ADDRESS = const(0x38)  # 0x39 with SA0 high

NOT_ANSWERING = const(1)  # nobody acknowledged
BUS_FAULT = const(2)  # time-out, arbitration, stuck line

_EIO = const(5)  # how ports report a data byte that was not acknowledged
_ENODEV = const(19)  # ... and an address

_MORE = const(0x80)
_MODE_OFF = const(0x40)  # mode-set: 1:4, 1/3 bias, E = 0
_MODE_ON = const(0x48)  # E = 1
_POINTER_0 = const(0x00)
_DEVICE_0 = const(0x60)  # device-select: A2..A0 tied low
_BANK_0 = const(0x78)
_BLINK_OFF = const(0x70)

_COLUMN_BYTES = const(20)


class PCF85176Error(Exception):
    """code: NOT_ANSWERING or BUS_FAULT."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class PCF85176:
    """One chip. frame: bytearray(16), byte n = SEG 2n in bits 7..4 (BP0 = bit 7) and SEG 2n+1 in bits 3..0."""

    __slots__ = ("_i2c", "_address", "_transfer", "_refresh_writes", "_left")

    def __init__(self, i2c, address=ADDRESS, refresh_writes=20):
        """Does not touch the bus.

        refresh_writes: every so many writes are sent even if nothing changed, 1 = always.
        """
        self._i2c = i2c
        self._address = address
        self._transfer = bytearray(3 + _COLUMN_BYTES)
        self._transfer[0] = _MORE | _DEVICE_0
        self._transfer[1] = _MORE | _MODE_ON
        self._transfer[2] = _POINTER_0
        self._refresh_writes = refresh_writes
        self._left = 0

    def start(self):
        """Initialise and clear with the display off (the RAM is random after power-on), then switch it on.

        raises: PCF85176Error if the part does not answer. Its state stays unknown then: the next write is sent whole.
        """
        self._left = 0
        for i in range(3, 3 + _COLUMN_BYTES):
            self._transfer[i] = 0
        head = bytearray((_MORE | _DEVICE_0, _MORE | _BANK_0, _MORE | _BLINK_OFF, _MORE | _MODE_OFF, _POINTER_0))
        self._send(head + bytes(_COLUMN_BYTES))
        self._send(bytes((_MODE_ON,)))
        self._left = self._refresh_writes

    def write(self, frame):
        """Show `frame`: one transfer if it changed, or at every `refresh_writes`-th call. allocates: no

        raises: PCF85176Error; the next write is then sent even if the frame is the same.
        """
        transfer = self._transfer
        changed = False
        for i in range(16):
            if transfer[3 + i] != frame[i]:
                transfer[3 + i] = frame[i]
                changed = True
        self._left -= 1
        if changed or self._left <= 0:
            self._left = 0
            self._send(transfer)
            self._left = self._refresh_writes

    def refresh(self, frame):
        """Show `frame`, sent whole whatever the part has. allocates: no. raises: as `write`"""
        self._left = 0
        self.write(frame)

    def _send(self, data):
        try:
            self._i2c.writeto(self._address, data)
        except OSError as error:
            code = error.args[0] if error.args else 0
            raise PCF85176Error(NOT_ANSWERING if code in (_ENODEV, _EIO) else BUS_FAULT)

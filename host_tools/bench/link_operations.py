# SPDX-License-Identifier: MIT
"""The operations of the link on single parts of the bench: payload in, the part's own method, answer out.

docs/link-protocol.md has the table. A function takes (bench object, payload bytes); an answered one returns int,
bytes-like, (int, bytes-like) or None, and may raise OSError for the firmware. How many data bytes go back is known to
the firmware from its question, or from the int.
"""

import struct

_U16 = struct.Struct("<H")
_I32 = struct.Struct("<i")
_MEMORY = struct.Struct("<BBI")  # address, address bits, memory address
_BLOCK = struct.Struct("<Hi")  # block, offset or -1


def _spi_read(spi, payload):
    data = bytearray(_U16.unpack_from(payload, 1)[0])
    spi.readinto(data, payload[0])
    return data


def _spi_exchange(spi, payload):
    data = bytearray(len(payload))
    spi.write_readinto(payload, data)
    return data


def _i2c_write(i2c, payload):
    return i2c.writeto(payload[0], payload[2:], bool(payload[1]))


def _i2c_read(i2c, payload):
    data = bytearray(_U16.unpack_from(payload, 2)[0])
    i2c.readfrom_into(payload[0], data, bool(payload[1]))
    return data


def _i2c_mem_write(i2c, payload):
    address, bits, memory = _MEMORY.unpack_from(payload)
    i2c.writeto_mem(address, memory, payload[6:], addrsize=bits)


def _i2c_mem_read(i2c, payload):
    address, bits, memory = _MEMORY.unpack_from(payload)
    data = bytearray(_U16.unpack_from(payload, 6)[0])
    i2c.readfrom_mem_into(address, memory, data, addrsize=bits)
    return data


def _uart_write(uart, payload):
    count = uart.write(payload)
    return -1 if count is None else count


def _uart_read(uart, payload):
    data = bytearray(_U16.unpack(payload)[0])
    count = uart.readinto(data)
    return (-1, b"") if count is None else (count, data[:count])


def _block_read(blocks, payload):
    block, offset = _BLOCK.unpack_from(payload)
    data = bytearray(_U16.unpack_from(payload, 6)[0])
    blocks.readblocks(block, data, offset)
    return data


def _block_write(blocks, payload):
    block, offset = _BLOCK.unpack_from(payload)
    if offset < 0:
        blocks.writeblocks(block, payload[6:])
    else:
        blocks.writeblocks(block, payload[6:], offset)


def _block_ioctl(blocks, payload):
    return blocks.ioctl(payload[0], _I32.unpack_from(payload, 1)[0]) or 0


# operation -> (function, answered, takes an object)
OPERATIONS = {
    0x02: (lambda pin, p: pin.value(p[0]), False, True),
    0x03: (lambda pin, p: int(pin.value()), True, True),
    0x10: (lambda spi, p: spi.write(p), False, True),
    0x11: (_spi_read, True, True),
    0x12: (_spi_exchange, True, True),
    0x20: (_i2c_write, True, True),
    0x21: (_i2c_read, True, True),
    0x22: (_i2c_mem_write, True, True),
    0x23: (_i2c_mem_read, True, True),
    0x30: (_uart_write, True, True),
    0x31: (_uart_read, True, True),
    0x32: (lambda uart, p: int(uart.any()), True, True),
    0x40: (_block_read, True, True),
    0x41: (_block_write, True, True),
    0x42: (_block_ioctl, True, True),
    0x60: (lambda watchdog, p: watchdog.feed(), False, True),
}

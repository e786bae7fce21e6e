# SPDX-License-Identifier: MIT
"""Model of the ADE9153A single-phase energy IC: SPI frames, register file, resets; measuring is in ade9153a_dsp.

Two-sided: `select`/`exchange`/`reset_pin`/`straps`/`power`/`irq` are the pins, the rest is for the world and the tests.
Source: ADE9153A data sheet Rev. 0 (page numbers below); where it is silent the ADE9078 data sheet Rev. 0 (same DSP rate
and SPI block, marked 9078), which is unverified for this part. Statements of the data sheet that contradict its own
arithmetic are constructor parameters.
"""

from binascii import crc_hqx

from host_tools.bench.chips.ade9153a_dsp import SAMPLE_RATE
from host_tools.bench.chips.ade9153a_half import HalfCycles
from host_tools.bench.chips.ade9153a_map import (
    ACCESS,
    ADDRESS,
    BURST,
    BURST_FIRST,
    BURST_LAST,
    CONFIG_CRC_LIST,
    RC,
    RESET,
    RW,
    W1C,
    lockable,
    width,
)
from host_tools.bench.chips.ade9153a_values import CRC_CHG, CRC_DONE, RSTDONE, TEMP_RDY, VALUES, RegisterValues

BOOT_US = 47_000  # supply or RESET good to RSTDONE (9078 p. 26)
SOFT_RESET_US = 60  # 9078 p. 27
CRC_PASS_US = 10_800  # one background pass of the configuration CRC (9078 p. 65)
LOCK_KEY, UNLOCK_KEY = 0x3C64, 0x4AD1  # p. 31
_LAST_CMD, _STATUS = ADDRESS["LAST_CMD"] << 4 | 8, ADDRESS["STATUS"] << 4 | 8
_LAST_REGISTERS = (ADDRESS["LAST_CMD"], ADDRESS["LAST_DATA_16"], ADDRESS["LAST_DATA_32"])
_ENERGY_HI = {ADDRESS["AWATTHR_HI"]: 0, ADDRESS["AFVARHR_HI"]: 1, ADDRESS["AVAHR_HI"]: 2}
_ENERGY_LO = {ADDRESS["AWATTHR_LO"]: 0, ADDRESS["AFVARHR_LO"]: 1, ADDRESS["AVAHR_LO"]: 2}
# Writes that change codes, and writes that change when energy is accumulated.
_ANALOG = {
    ADDRESS[n] for n in ("AIGAIN", "APHASECAL", "AVGAIN", "AIRMS_OS", "AVRMS_OS", "APGAIN", "AWATT_OS", "AFVAR_OS")
}
_ANALOG |= {ADDRESS[n] for n in ("CONFIG0", "VNOM", "AI_PGAGAIN")}
_GATING = {ADDRESS[n] for n in ("EP_CFG", "EGY_TIME", "MS_ACAL_CFG")}
_RATES = {ADDRESS[n] for n in ("ACCMODE", "CFMODE", "CF1DEN", "CF2DEN", "WTHR", "VARTHR", "VATHR")}
_RATES |= {ADDRESS[n] for n in ("ACT_NL_LVL", "REACT_NL_LVL", "APP_NL_LVL")}
_EVENTS = {ADDRESS[n] for n in ("DIP_LVL", "SWELL_LVL", "DIP_CYC", "SWELL_CYC", "CONFIG1")}

_SYNTHETIC_TRIM = 0x29869999  # TEMP_TRIM: 0.3 degC a code around 25 degC


def with_crc(value, bits):
    """Answer of a read: two bytes of filler, data, CRC-16 (0x1021, init 0xFFFF) of the data; MSB first (p. 30)."""
    size = bits >> 3
    return (value << 16 | crc_hqx(value.to_bytes(size, "big"), 0xFFFF)).to_bytes(size + 4, "big")


class ADE9153AModel(RegisterValues):
    """SPI device and back-end. Comes up powered; answers 47 ms later.

    cf_double: CF clock as the text on p. 26 has it (twice Fig. 50). status_locked: WR_LOCK also blocks clearing STATUS.
    clamp: user energy registers stop at +-2**44 instead of wrapping. angle_lsb: degrees a code of ANGL at 50 Hz.
    """

    def __init__(
        self,
        clock,
        errors,
        rng,
        *,
        cf_double=False,
        status_locked=True,
        clamp=False,
        angle_lsb=0.03515625,
        temperature_c=25.0,
    ):
        super().__init__(clock, errors, rng, cf_double)
        self.status_locked = status_locked
        self.clamp = clamp
        self.angle_lsb = angle_lsb
        self.temperature_c = temperature_c
        self.chip_id = rng.getrandbits(64)
        self.private_crc = rng.getrandbits(16)  # stands for the factory registers in the configuration CRC
        self.uart = False
        self.resets = 0
        self.writes = 0  # completed register writes that took effect
        self._ss, self._sclk = 1, 1
        self._powered, self._reset_level = True, 1
        self._ready_at = None
        self._up = False
        self._fast = False
        self._fresh = False
        self._buffer = bytearray()
        self._answer = None
        self._const = {}
        self._cmd_answers = {}
        self._status_said = (-1, b"")  # value and answer of the last read
        self._reads = self._make_reads()
        self._clear_registers()
        self._begin_reset(BOOT_US)

    # -- pins -----------------------------------------------------------------------------------------------
    def select(self, level):
        self._ss = level
        self._fresh = not level
        self._buffer = None

    def chip_select(self, bus, level):
        """See SpiBus.attach: as every device's, with `select` in it. Two edges frame every transfer."""

        def pin(to=None):
            nonlocal level
            if to is None:
                return level
            if to != level:
                self._ss = level = to
                self._fresh = not to
                self._buffer = None
                bus.selected = None if to else self
            return None

        pin.value = pin  # pyright: ignore[reportFunctionMemberAccess]
        return pin

    def exchange(self, mosi):
        if self._fresh and self._fast:
            read = self._reads.get(mosi if mosi.__class__ is bytes else bytes(mosi))
            if read is not None:
                self._fresh = False
                return read()
            if len(mosi) in {6, 8}:
                answer = self._whole_read((mosi[0] << 8 | mosi[1]) & 0xFFF8, len(mosi))
                if answer is not None:
                    self._fresh = False
                    return answer
        return self._exchange_bytes(mosi)

    def _whole_read(self, h, n):
        """A read of all `n` bytes of a register and its CRC in one go; None: it is something else."""
        read = self._reads.get(h.to_bytes(2, "big") + bytes(n - 2))
        if read is not None:
            return read()
        answer = self._const.get(h)
        if answer is not None and len(answer) == n:
            self._last_cmd = h
            self._last_answer = answer
            if n == 8:
                self._last_32 = answer
            else:
                self._last_16 = answer
            return answer
        if h & 8 and n == (6 if width(h >> 4) == 16 else 8):
            answer = self._answer = with_crc(self._value(h >> 4), (n - 4) * 8)
            self._was_read(h, h >> 4, (n - 4) * 8)
            return answer
        return None

    def straps(self, ss, sclk):
        """Levels at SS and SCLK while the bus is idle; sampled when RESET (or the supply) is released (p. 30)."""
        self._ss, self._sclk = ss, sclk

    def reset_pin(self, level):
        """RESET, active low. For Pin(on_change=...)."""
        if level == self._reset_level:
            return
        self._reset_level = level
        if level:
            self._begin_reset(BOOT_US)
        else:
            self._halt()

    def power(self, on):
        if on == self._powered:
            return
        self._powered = on
        if on:
            self._begin_reset(BOOT_US)
        else:
            self._halt()

    @property
    def irq(self):
        """Level of the IRQ pin: 0 while an unmasked status bit is set; RSTDONE cannot be masked (9078 p. 74)."""
        if not self._alive():
            return 1
        return 0 if self._status() & (self.reg[ADDRESS["MASK"]] | RSTDONE) else 1

    # -- faults ---------------------------------------------------------------------------------------------
    def force_reset(self):
        """A spontaneous reset (glitch, brown-out) with the straps as the idle bus leaves them."""
        self._halt()
        if self._powered and self._reset_level:
            self._begin_reset(BOOT_US)

    def freeze(self, on=True):
        """The DSP stops while registers still answer."""

        def apply(s):
            self.frozen = on
            self._clock_on(self.running and not on)

        self._change(apply)

    def lose_run(self):
        """RUN falls to 0, everything else stays."""
        self._set_register(ADDRESS["RUN"], 0)

    def flip_config_bit(self, address, bit):
        """One bit of a writable register turns over; the configuration CRC notices where it covers it."""
        self._set_register(address, self.reg[address] ^ (1 << bit))

    def chip_error(self, bits=1):
        """CHIP_STATUS error bits, which only a reset clears."""
        self._chip_status |= bits & 0xF

    # -- resets ---------------------------------------------------------------------------------------------
    def _halt(self):
        """Into reset: nothing answers, nothing counts, what was not read is lost."""
        if self._up or self.running:
            self.resets += 1
        self._stop_dsp()
        self._up = self._fast = False
        self._ready_at = None
        self._clear_registers()

    def _begin_reset(self, us):
        if not (self._powered and self._reset_level):
            return
        self.uart = bool(self._ss) and not self._sclk
        self._ready_at = self.clock.now_us + us

    def _alive(self):
        """True when the chip is out of reset; finishes the reset when its time has come."""
        if self._up:
            return True
        if self._ready_at is None or self.clock.now_us < self._ready_at:
            return False
        self._up = True
        self._bits |= RSTDONE
        self._set_fast()
        return True

    def _clear_registers(self):
        self.reg = dict(RESET)
        self.reg[ADDRESS["TEMP_TRIM"]] = _SYNTHETIC_TRIM
        self.reg[ADDRESS["CHIP_ID_HI"]] = self.chip_id >> 32
        self.reg[ADDRESS["CHIP_ID_LO"]] = self.chip_id & 0xFFFFFFFF
        self._bits = 0  # latched status
        self._marks = {}  # status bit -> sample at which it was last cleared
        self._event_bits = 0
        self._chip_status = 0
        self._ms_bits = 0
        self._due = []  # (us, status bit) still to come
        self._locked = False
        self._crc_result = 0
        self._last_cmd = 0
        self._last_16 = self._last_answer = with_crc(0, 16)
        self._last_32 = with_crc(0, 32)
        self._peak_cleared = self._sample()
        self._peak = [0, 0]  # rms codes, the largest since the last read
        self._half = HalfCycles(self.clock.now_us)
        self._oi_since = None  # sample at which OI_LVL was passed
        self._oi_highest = 0
        self._grid_check = 0
        self._cf_marks = self._cf_count[:]
        self._dead_since = None
        self._trig = None
        self._const.clear()

    def _stop_dsp(self):
        self.advance()
        s = self._sample()
        self._rebase(s)
        self._clock_on(False)
        self.running = False
        self._window = 0
        self._start = 1 << 62
        self._gate = [False] * 3
        self._cf_rest = [0, 0]
        self._drop_energy(s)
        self._recode(s)

    def _start_dsp(self, s):
        """RUN 0->1: 0x200-0x3FF are cleared (9078 p. 26)."""
        self._drop_energy(s)
        self.running = True
        self._run_at = s
        self._nl_from = s
        self._nl_past = []
        self._clock_on(not self.frozen)
        self._energy_config(s)

    # -- SPI, byte by byte (anything but a plain whole read) ------------------------------------------------
    def _set_fast(self):
        reg = self.reg
        plain = not reg[ADDRESS["CONFIG1"]] & 0x0800 and not reg[ADDRESS["MS_ACAL_CFG"]] & 1
        self._fast = self._up and not self.uart and plain

    def _exchange_bytes(self, mosi):
        if not self._alive() or self.uart:
            return b"\xff" * len(mosi)
        self.catch_up()
        if self._fresh:
            self._fresh = False
            self._buffer = bytearray()
            self._answer = None
        buffer = self._buffer
        if buffer is None or self._ss:  # past the end of a whole frame: not documented, zeros here
            return bytes(len(mosi)) if not self._ss else b"\xff" * len(mosi)
        out = bytearray(len(mosi))
        for i, byte in enumerate(mosi):
            at = len(buffer)
            answer = self._answer
            if answer is not None and at < len(answer):
                out[i] = answer[at]
            buffer.append(byte)
            if at >= 1:
                self._clocked(buffer)
        return bytes(out)

    def _clocked(self, buffer):
        h = (buffer[0] << 8 | buffer[1]) & 0xFFF8
        address = h >> 4
        bits = width(address)
        size = 2 + (bits >> 3)
        n = len(buffer)
        if h & 8:
            if n == 2:
                self._answer = self._burst(address) or with_crc(self._value(address), bits)
            if n == size:
                self._was_read(h, address, bits)
        elif n == size:
            self._was_written(h, address, int.from_bytes(buffer[2:], "big"), bits)

    def _burst(self, address):
        if not self.reg[ADDRESS["CONFIG1"]] & 0x0800:
            return None
        if address < BURST_FIRST:
            return b"\0\0" + self._value(address).to_bytes(width(address) >> 3, "big") * 16
        # The wrap at the block end is the 9078's (p. 63).
        span = BURST_LAST - BURST_FIRST + 1
        order = (BURST_FIRST + (address - BURST_FIRST + i) % span for i in range(2 * span))
        return b"\0\0" + b"".join(self._value(a).to_bytes(4, "big") for a in order)

    def _was_read(self, h, address, bits):
        answer = self._answer[: 2 + (bits >> 3)]
        value = int.from_bytes(answer[2:], "big")
        answer = with_crc(value, bits)
        self._last_answer = answer
        if address not in _LAST_REGISTERS:
            self._last_cmd = h
            if bits == 32:
                self._last_32 = answer
            else:
                self._last_16 = answer
        if address in _ENERGY_HI:
            self._energy_read(_ENERGY_HI[address], value)
        elif ACCESS.get(address) == RC:
            self._cleared_on_read(address)
        elif ACCESS.get(address) == RW:
            self._const[h] = answer

    def _was_written(self, h, address, value, bits):
        if address not in _LAST_REGISTERS:
            self._last_cmd = h
            if bits == 32:
                self._last_32 = with_crc(value, 32)
            else:
                self._last_16 = with_crc(value, 16)
        if address == ADDRESS["WR_LOCK"]:
            if value in (LOCK_KEY, UNLOCK_KEY):
                self._locked = value == LOCK_KEY
                self._set_register(address, 1 if self._locked else 0)
        elif not self._locked or not lockable(address) or (address == ADDRESS["STATUS"] and not self.status_locked):
            self.writes += 1
            self._command(address, value)

    # -- writes ---------------------------------------------------------------------------------------------
    def _command(self, address, value):
        access = ACCESS.get(address)
        if access == W1C:
            self._clear_status(value)
        elif address == ADDRESS["CONFIG1"]:
            if value & 1:
                self._halt()
                self._begin_reset(SOFT_RESET_US)
                return
            if value & 0x20:
                self._change(lambda s: setattr(self, "_cf_rest", [0, 0]))
            self._set_register(address, value & ~0x21)
        elif address == ADDRESS["CRC_FORCE"]:
            if value & 1:
                self._due.append((self.clock.now_us + CRC_PASS_US, CRC_DONE))
        elif address == ADDRESS["TEMP_CFG"]:
            if value & 0x0C == 0x0C:
                self._due.append((self.clock.now_us + 1000, TEMP_RDY))
            self._set_register(address, value & ~0x08)
        elif access == RW and address != ADDRESS["WR_LOCK"]:
            self._set_register(address, value)

    def _set_register(self, address, value):
        old = self.reg[address]
        self._const.pop(address << 4 | 8, None)
        if value == old:
            return

        def apply(s):
            self.reg[address] = value
            if address == ADDRESS["RUN"]:
                if value & 1 and not self.running:
                    self._start_dsp(s)
                elif not value & 1 and self.running:
                    self.running = False
                    self._window = 0
                    self._start = 1 << 62
                    self._clock_on(False)
            elif address in _ANALOG or address in _RATES:
                self._trig = None
            elif address in _GATING:
                self._energy_config(s)

        if address in _ANALOG or address in _GATING or address in _RATES or address == ADDRESS["RUN"]:
            self._change(apply)
        else:
            apply(0)
        if address in _EVENTS:
            self._set_levels()
        if address in CONFIG_CRC_LIST:
            self._due.append((self.clock.now_us + CRC_PASS_US, CRC_CHG))
        self._set_fast()

    # -- reads ----------------------------------------------------------------------------------------------
    def _cmd_answer(self):
        answer = self._cmd_answers.get(self._last_cmd)
        if answer is None:
            answer = self._cmd_answers[self._last_cmd] = with_crc(self._last_cmd, 16)
        return answer

    def _make_reads(self):
        """{frame: what answers it}, of the reads that are made often."""
        reads = {_LAST_CMD: self._read_last_cmd, _STATUS: self._read_status}
        for address, kind in _ENERGY_HI.items():
            reads[address << 4 | 8] = self._energy_reader(address, kind)
        for name in ("AIRMS", "AVRMS", "AWATT", "AVA", "AFVAR", "APERIOD"):
            reads[ADDRESS[name] << 4 | 8] = self._dsp_reader(ADDRESS[name])
        return {h.to_bytes(2, "big") + bytes(4 if h == _LAST_CMD else 6): read for h, read in reads.items()}

    def _read_last_cmd(self):
        answer = self._last_answer = self._cmd_answers.get(self._last_cmd) or self._cmd_answer()
        return answer

    def _read_status(self):
        value = self._status()
        if value != self._status_said[0]:
            self._status_said = (value, with_crc(value, 32))
        answer = self._last_answer = self._last_32 = self._status_said[1]
        self._last_cmd = _STATUS
        return answer

    def _energy_reader(self, address, kind):
        head = address << 4 | 8

        def read():
            now = self.clock.now_us
            if now >= self.until_us:
                self.settle()
            self.settled_us = self.energy_read_us = now
            s = self._s0 + (now - self._t0) * self._rate // 1_000_000_000
            if s >= self._next_event:
                self._run_to(s)
            if self.clamp or self.reg[0x4B0] & 0x0C:
                value = self._value(address)
                self._energy_read(kind, value)
            else:
                window = self._window
                n = s - (s - self._origin) % window - self._ref if window else -1
                total = self._acc[kind] + self._code[kind] * n if n >= 0 else self._latch[kind]
                count = (total - self._base[kind]) >> 13
                self._ack[kind] = self._ack_base[kind] + (count << 13)
                value = count & 0xFFFFFFFF
            self._last_cmd = head
            crc = crc_hqx(value.to_bytes(4, "big"), 0xFFFF)
            answer = self._last_answer = self._last_32 = (value << 16 | crc).to_bytes(8, "big")
            return answer

        return read

    def _user_register(self, kind, s):
        """Signed content of the 45-bit user register, before wrapping."""
        if self.reg[ADDRESS["EP_CFG"]] & 4:
            return self._latched(kind, s) - max(self._latched_before(kind, s), self._base[kind], key=abs)
        return self._latched(kind, s) - self._base[kind]

    def _energy_hi(self, kind):
        count = self._user_register(kind, self._sample()) >> 13
        if self.clamp:
            count = max(-(1 << 31), min((1 << 31) - 1, count))
        return count & 0xFFFFFFFF

    def _energy_read(self, kind, value):
        """Book what the master was handed; RD_RST_EN clears HI, the low part stays (9078 p. 43)."""
        self.settled_us = self.energy_read_us = self.clock.now_us
        mode = self.reg[ADDRESS["EP_CFG"]]
        count = self._user_register(kind, self._sample()) >> 13
        if mode & 4:
            held = self._latched(kind, self._sample()) - self._base[kind]
            self._ack[kind] += count << 13
            self._lost[kind] += (held - (count << 13)) if held else 0
            self._base[kind] += held
            self._ack_base[kind] = self._ack[kind]
        elif mode & 8:
            handed = value - (1 << 32) if value >> 31 else value
            self._ack[kind] += handed << 13
            self._ack_base[kind] = self._ack[kind]
            self._base[kind] += count << 13
            self._lost[kind] += (count - handed) << 13
        else:
            self._ack[kind] = self._ack_base[kind] + (count << 13)

    def _dsp_reader(self, address):
        head = address << 4 | 8
        noisy = address in (ADDRESS["AIRMS"], ADDRESS["AVRMS"])

        def read():
            now = self.clock.now_us
            if now >= self.until_us:
                self.settle()
            s = self._s0 + (now - self._t0) * self._rate // 1_000_000_000
            if s >= self._next_event:
                self._run_to(s)
            key = (address, s // SAMPLE_RATE) if noisy and self.errors.rms_noise else address
            answer = self._dsp.get(key)
            if answer is None:
                if len(self._dsp) > 64:
                    self._dsp.clear()
                answer = self._dsp[key] = with_crc(self._value(address), 32)
            self._last_cmd = head
            self._last_answer = self._last_32 = answer
            return answer

        return read

    def _value(self, address):
        """Value of a register as a read returns it, without side effects; 0 for reserved addresses (unverified)."""
        self.advance()
        if address in BURST:
            address = ADDRESS[BURST[address]]
        if self.reg[ADDRESS["MS_ACAL_CFG"]] & 1 and not (
            0x220 <= address <= 0x240 or address == ADDRESS["MS_ACAL_CFG"]
        ):
            return 0  # p. 37: every register but the results is disabled
        if address in _ENERGY_HI:
            return self._energy_hi(_ENERGY_HI[address])
        if address in _ENERGY_LO:
            return self._user_register(_ENERGY_LO[address], self._sample()) & 0x1FFF
        getter = VALUES.get(address)
        if getter is not None:
            return getter(self) & ((1 << width(address)) - 1)
        return self.reg.get(address, 0)

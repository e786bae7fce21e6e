# SPDX-License-Identifier: MIT
"""What flows at the terminals, and what is hidden in the sensors: the physical side every chip model is fed with."""


class OperatingPoint:
    """One steady electrical state; true values at the terminals, exact integers.

    voltage_mv: rms; current_ua: rms, microamperes; active_mw: import > 0; reactive_mvar: fundamental, inductive import > 0;
    apparent_mva: >= 0; frequency_mhz: millihertz (0 = no voltage). harmonics: tuple of (order, voltage_mv, current_ua,
    angle_deg) whose power is already inside active_mw; () for a sine.
    """

    __slots__ = (
        "voltage_mv",
        "current_ua",
        "active_mw",
        "reactive_mvar",
        "apparent_mva",
        "frequency_mhz",
        "harmonics",
    )

    def __init__(self, voltage_mv, active_mw, reactive_mvar=0, frequency_mhz=50_000, harmonics=(), current_ua=None):
        self.voltage_mv = voltage_mv
        self.active_mw = active_mw
        self.reactive_mvar = reactive_mvar
        self.frequency_mhz = frequency_mhz
        self.harmonics = harmonics
        if current_ua is None:
            apparent_mva = round((active_mw * active_mw + reactive_mvar * reactive_mvar) ** 0.5)
            current_ua = round(apparent_mva * 1_000_000 / voltage_mv) if voltage_mv else 0
        else:
            apparent_mva = round(voltage_mv * current_ua / 1_000_000)
        self.current_ua = current_ua
        self.apparent_mva = apparent_mva

    @property
    def live(self):
        """True while there is voltage enough to call it mains (above 46 V, 20 % of Un)."""
        return self.voltage_mv > 46_000


DEAD = OperatingPoint(0, 0, 0, 0)


class HiddenErrors:
    """What calibration has to find: drawn by the seed, never shown to the firmware or the calibration.

    voltage_gain, current_gain: factors near 1; phase_deg: current lags more by this; active_offset_mw; clock_ppm: the chip's
    crystal; noise_mw: standard deviation of measured power per noise block; rms_noise: relative noise on RMS readings.
    """

    __slots__ = (
        "voltage_gain",
        "current_gain",
        "phase_deg",
        "active_offset_mw",
        "reactive_offset_mvar",
        "clock_ppm",
        "noise_mw",
        "rms_noise",
    )

    def __init__(
        self,
        voltage_gain=1.0,
        current_gain=1.0,
        phase_deg=0.0,
        active_offset_mw=0,
        reactive_offset_mvar=0,
        clock_ppm=0,
        noise_mw=0.0,
        rms_noise=0.0,
    ):
        self.voltage_gain = voltage_gain
        self.current_gain = current_gain
        self.phase_deg = phase_deg
        self.active_offset_mw = active_offset_mw
        self.reactive_offset_mvar = reactive_offset_mvar
        self.clock_ppm = clock_ppm
        self.noise_mw = noise_mw
        self.rms_noise = rms_noise

    @classmethod
    def draw(cls, rng):
        """The sheets' tolerances: gain +-5 %, phase +-1 deg, offset +-2 W, clock +-100 ppm, noise."""
        return cls(
            voltage_gain=1 + rng.uniform(-0.05, 0.05),
            current_gain=1 + rng.uniform(-0.05, 0.05),
            phase_deg=rng.uniform(-1.0, 1.0),
            active_offset_mw=rng.randint(-2000, 2000),
            reactive_offset_mvar=rng.randint(-2000, 2000),
            clock_ppm=rng.randint(-100, 100),
            noise_mw=200.0,
            rms_noise=2e-4,
        )

"""The Hardware record for the type checker: what each member must be able to do.

Members stand for MicroPython objects or for bench objects of the same shape; the buses are MicroPython's own and stay untyped.
"""

from typing import Any, Protocol

class Clock(Protocol):
    def ticks_ms(self) -> int: ...
    def ticks_us(self) -> int: ...
    def ticks_diff(self, a: int, b: int, /) -> int: ...
    def sleep_ms(self, ms: int, /) -> None: ...
    def sleep_us(self, us: int, /) -> None: ...

class Watchdog(Protocol):
    def feed(self) -> None: ...

class Hardware:
    board: str
    variant: str
    chip: str
    clock: Any
    spi: list[Any]
    afe_cs: list[Any]
    afe_reset: list[Any]
    afe_strap: Any
    afe_irq: list[Any]
    afe_cf: list[Any]
    i2c: Any
    fram_address: int | None
    rtc_address: int | None
    expander_address: int | None
    expander: tuple[tuple[str, int, str], ...]
    lcd: str | None
    lcd_address: int
    lcd_pins: Any
    flash_spi: Any
    flash_cs: Any
    flash_partition: Any
    button_a: Any
    button_b: Any
    k_set: list[Any]
    k_reset: list[Any]
    k_feedback: list[Any]
    k_live: list[Any]
    one_shot: Any
    terminal_cover: Any
    main_cover: Any
    second_terminal_cover: Any
    battery_cover: Any
    magnet: Any
    other_tamper: Any
    terminal_temperature: Any
    pulse_led: Any
    pulse_timer: Any
    cf_drives_led: bool
    backlight: Any
    buzzer: Any
    power_fail: Any
    radio_uart: Any
    optical_uart: Any
    radio_reset: Any
    radio_sleep: Any
    radio_on: Any
    watchdog: Watchdog | None
    reset_cause: int
    service: bool
    crc: Any
    boot_us: int
    now_ms: Any
    wait: Any
    def __init__(self) -> None: ...

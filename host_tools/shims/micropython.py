"""CPython stand-in for MicroPython's `micropython` module: what firmware imports from it, as identities."""


def const(value):
    return value


def native(function):
    return function


def viper(function):
    return function


def heap_lock():
    return None


def heap_unlock():
    return 0


def alloc_emergency_exception_buf(size):
    return None

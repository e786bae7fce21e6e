# SPDX-License-Identifier: MIT
"""Names that MicroPython has itself: FREE, in the ROM of every board's port (py/objlist.c, objdict.c, objstr.c, objset.c and
the modules named below), of which any use is free of charge; and HARDWARE, what a board's objects are asked for, which must
stay what it is.
"""

FREE = tuple(
    # Of list, dict, set, str, bytes, generator.
    "append clear copy count extend index insert pop remove reverse sort get items keys popitem setdefault update values "
    "fromkeys add difference discard intersection isdisjoint issubset issuperset union find rfind join split rsplit startswith "
    "endswith strip lstrip rstrip format replace lower upper isspace isalpha isdigit isupper islower encode decode partition "
    "rpartition center splitlines send throw from_bytes to_bytes "
    # gc, sys, micropython, time, os
    "collect disable enable isenabled mem_free mem_alloc threshold argv byteorder exit implementation modules path platform "
    "print_exception version version_info maxsize stdin stdout stderr heap_lock heap_unlock mem_info opt_level qstr_info "
    "schedule stack_use kbd_intr alloc_emergency_exception_buf localtime gmtime mktime sleep chdir getcwd listdir mkdir rename "
    "rmdir statvfs unlink uname ilistdir mount umount "
    # math, struct, json, random, binascii, heapq, select, re, collections
    "acos asin atan atan2 ceil cos degrees exp fabs floor fmod frexp isfinite isinf isnan ldexp log modf pi radians sin sqrt "
    "tan trunc calcsize pack unpack dump dumps load loads choice getrandbits randint random randrange seed uniform hexlify "
    "unhexlify a2b_base64 b2a_base64 crc32 heappush heappop heapify register unregister modify ipoll search match group "
    "namedtuple OrderedDict deque popleft addressof bytearray_at bytes_at sizeof sha256 digest StringIO BytesIO "
    "acquire release locked coro data state cur_task ph_key push peek".split()
)

HARDWARE = frozenset(
    "ticks_ms ticks_us ticks_diff ticks_add sleep_ms sleep_us write_readinto write readinto read writeto readfrom_into "
    "readfrom_mem_into writeto_mem value on off toggle high low init deinit irq mode pull feed read_into erase_start busy "
    "program sector_size sector_count size ioctl readblocks writeblocks datetime duty duty_u16 freq any readline flush close "
    "seek start stop callback period".split()
)

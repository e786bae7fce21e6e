# SPDX-License-Identifier: MIT
"""What may be set of the power quality supervision, with its limits and factory defaults. A period of 0 switches a row off.

Defaults: the sample values of the manufacturer's published objects (287, 180, 253, 216 V; 264 and 200 V averages; 30 s;
2300 and 4600 W), unverified: 52.0 and 47.0 Hz, 105 % of 100 A, power factor 0.80 above 5 A for 30 min, 253.0 and 216.2 V
(230 V +10/-6 %) for 3 s, reverse run above 5 W for 5 s. Dip and swell limits are those of the ADE9153A's profile (90 and
110 % of 230 V); changing them here changes them for chips without an engine of their own only.
"""

from app.quality import rows as r

# Name, minimum, maximum, default: volts in 0.1 V, amperes in 0.01 A, hertz in 0.01 Hz, power factor in 0.001. With a dot: limit
# and period of each row of the supervision (app.quality.rows), but for polarity, then what readers ask.
FIELDS = """quality
.extreme_over_0v1 1000 4000 2870
.extreme_over_s 0 3600 30
.extreme_under_0v1 0 4000 1800
.extreme_under_s 0 3600 30
.sag_0v1 0 4000 2160
.sag_s 0 3600 30
.swell_0v1 1000 4000 2530
.swell_s 0 3600 30
.over_voltage_0v1 1000 4000 2530
.over_voltage_s 0 3600 3
.under_voltage_0v1 0 4000 2162
.under_voltage_s 0 3600 3
.over_frequency_0hz01 4500 6500 5200
.over_frequency_s 0 3600 10
.under_frequency_0hz01 4000 6500 4700
.under_frequency_s 0 3600 10
.over_current_0a01 1 20000 10500
.over_current_s 0 3600 10
.power_factor_x1000 0 1000 800
.power_factor_s 0 3600 1800
power_factor_above_0a01 0 20000 500
.reverse_w 0 1000 5
.reverse_s 0 3600 5
polarity_s 0 3600 5
import_only 0 1 0
average_s 0 3600 1800
average_over_0v1 1000 4000 2640
average_under_0v1 0 4000 2000
dip_0v1 0 4000 2070
dip_swell_0v1 1000 4000 2530
dip_records_per_hour 1 3600 60
.power_medium_w 0 100000 2300
.power_high_w 0 100000 4600
.starting_current_ma 1 10000 40
.frequency_least_0hz01 4000 5000 4500
.frequency_most_0hz01 5000 7000 5500
# over_voltage_0v1: unverified
# over_voltage_s: unverified
# under_voltage_0v1: unverified
# under_voltage_s: unverified
# over_frequency_0hz01: unverified
# over_frequency_s: unverified
# under_frequency_0hz01: unverified
# under_frequency_s: unverified
# over_current_0a01: unverified
# over_current_s: unverified
# power_factor_x1000: unverified
# power_factor_s: unverified
# power_factor_above_0a01: unverified
# reverse_w: unverified
# reverse_s: unverified
# import_only: 1: export is reverse run
# average_s: 0: off; else 10 at least
"""


def rule(settings):
    """True when the values go together: no limit from above below that from below, the average off or at least 10 s."""
    rows = settings.rows
    return (
        rows[2 * r.EXTREME_OVER] > rows[2 * r.EXTREME_UNDER]
        and rows[2 * r.SWELL] > rows[2 * r.SAG]
        and rows[2 * r.OVER_VOLTAGE] > rows[2 * r.UNDER_VOLTAGE]
        and rows[2 * r.OVER_FREQUENCY] > rows[2 * r.UNDER_FREQUENCY]
        and settings.average_over_0v1 > settings.average_under_0v1
        and settings.dip_swell_0v1 > settings.dip_0v1
        and rows[23] >= rows[22]  # power_high_w, power_medium_w
        and (settings.average_s == 0 or settings.average_s >= 10)
    )

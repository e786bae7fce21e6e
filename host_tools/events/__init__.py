# SPDX-License-Identifier: MIT
"""The table of events (events.toml) and what is made from it.

python -m host_tools.events           # write the files
python -m host_tools.events --check   # name those that are stale; exit 1
"""

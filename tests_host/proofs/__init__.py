"""The contract of the meter, a module a bullet.

Each module has `prove(full)`: runs the real thing and returns one line with the figures it measured, or raises AssertionError
that names the seed. `full` False: reduced counts for `make test`; True: the counts of the contract for `make prove`.

A long one can be divided, so that more than one processor works at it: `parts(full)` lists tuples of arguments, the longest
first; `part(*arguments)` measures one in any process; `conclude(full, found)` makes the line of what all of them returned.
"""

# In the order in which they are printed; the order in which they run is that of prove.py.
MODULES = (
    "accuracy",
    "recordings",
    "creep_start_dial",
    "netting",
    "two_runtimes",
    "faults",
    "single_flips",
    "conservation",
    "power_cut",
    "profiles",
    "dips",
    "budgets",
    "images",
    "bad_input",
    "tariff_oracle",
    "household_47",
    "simbench_dst",
)

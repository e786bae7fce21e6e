"""The contract of the meter, a module a bullet.

Each module has `prove(full)`: runs the real thing and returns one line with the figures it measured, or raises AssertionError
that names the seed. `full` False: reduced counts for `make test`; True: the counts of the contract for `make prove`.
"""

# In the order in which they are printed; the slow ones first would finish sooner, but the order is the reader's.
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
    "budgets",
    "images",
    "bad_input",
)

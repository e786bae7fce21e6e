"""The `meter` command and its simulated bench."""

"""What a call means. Pure: no I/O, no clock, no randomness; time comes in as an argument."""

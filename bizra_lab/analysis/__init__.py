"""What was seen, as what it amounts to: arrays in, named results out; no files, no clock, no drawing."""

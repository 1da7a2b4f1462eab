"""One way of comparing an interval with a limit per file."""

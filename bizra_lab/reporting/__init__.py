"""What was computed, for people: tables, charts and one page; draws and words, computes nothing."""

"""Whole runs: which notebooks, executed by what, left where, judged together."""

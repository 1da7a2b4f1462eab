"""What `make bench` runs: parts of the lab beside their peers, each file one table of RESULTS.md."""

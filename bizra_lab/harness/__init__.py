"""The only stage that reads time or the host: clocks, recorder, load, and what the machine was like meanwhile."""

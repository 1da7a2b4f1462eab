"""
`pytest --nbval outputs/golden`: what the golden notebooks show must come again, to the digit.

What a library warns of on stderr differs between versions and machines, so it is not compared.
"""

from __future__ import annotations

import pytest


def pytest_collectstart(collector: pytest.Collector) -> None:
    # Only nbval's collectors have it: a tuple with the names of the streams and mimes that are left out.
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)

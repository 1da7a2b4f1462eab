"""
The charts there are, by the name of their file.

A chart is a function of nouns and a title that returns a `Picture`; the decorator is all it takes to add one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from bizra_lab.registry import Registry
from bizra_lab.reporting.picture import Picture

Chart = Callable[..., Picture]
C = TypeVar("C", bound=Callable[..., Any])

CHARTS: Registry[Chart] = Registry("chart", "bizra_lab.reporting.charts")


def chart(draw: C) -> C:
    """Register `draw` under the name of its file; what it is called stays as it was."""
    CHARTS.add(draw.__module__, draw)
    return draw

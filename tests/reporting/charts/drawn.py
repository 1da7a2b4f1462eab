"""What the tests of charts share: slices written by hand, and what can be read off a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bizra_lab.model import Floats, Timeline
from bizra_lab.reporting.picture import Picture

GAP = float("nan")


def slices_of(
    p50_ns: Sequence[float], *, in_flight: Sequence[float] | None = None, wait: Sequence[float] | None = None
) -> Timeline:
    """Slices of one second whose p99 is four and whose maximum forty times their p50; where that is a gap, empty."""
    middle: Floats = np.asarray(p50_ns, dtype=np.float64)
    ones = np.ones(len(middle))
    return Timeline(
        time_s=np.arange(len(middle), dtype=np.float64) + 0.5,
        operations=np.where(np.isnan(middle), 0, 1_000),
        p50_ns=middle,
        p99_ns=4 * middle,
        max_ns=40 * middle,
        in_flight=ones if in_flight is None else np.asarray(in_flight, dtype=np.float64),
        arrival_times_wait=ones if wait is None else np.asarray(wait, dtype=np.float64),
    )


def data(picture: Picture, name: str) -> list[dict[str, Any]]:
    """The rows of one of a picture's datasets."""
    rows: list[dict[str, Any]] = picture.spec["datasets"][name]
    return rows


def heading(picture: Picture) -> str:
    """A picture's title on one line."""
    return " ".join(picture.spec["title"]["text"])


def axis_titles(picture: Picture) -> set[str]:
    """The titles of a picture's axes."""
    return {channel["title"] for channel in _axes(picture) if "title" in channel}


def scale(picture: Picture, axis: str) -> dict[str, Any]:
    """The scale of a picture's axis "x" or "y"; every layer that has one has the same."""
    scales = [channel["scale"] for channel in _axes(picture, axis) if "scale" in channel]
    assert all(each == scales[0] for each in scales)
    return dict(scales[0])


def _axes(picture: Picture, axes: str = "xy") -> Iterator[dict[str, Any]]:
    for layer in picture.spec["layer"]:
        for axis in axes:
            if "field" in layer["encoding"].get(axis, {}):
                yield layer["encoding"][axis]

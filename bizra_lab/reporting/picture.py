"""
A chart that shows itself wherever a notebook is opened, without a network and without being trusted.

JupyterLab 4 draws vega-lite 5 from the notebook's own bytes, even in an output it does not trust; everything else
(nbconvert, code hosts, mail) shows the PNG. Altair's own renderers need either a network, or trust, or a media type
that JupyterLab does not know, so none of them is used and none of its global state is touched.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import vl_convert

MEDIA_TYPE = "application/vnd.vegalite.v5+json"
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"  # an identifier; nothing fetches it
VEGALITE_VERSION = "5.8"  # for the PNG: of those vl-convert has, the nearest to the 5.6 inside JupyterLab 4.6
PAGE_SCALE = 2  # pixels per unit for a page: sharp on paper and on dense screens; in a notebook it is 1, for its size

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Picture:
    """
    A drawn chart: its vega-lite 5 `spec` with all data inside, and a `summary` of one line that says what it shows.

    As the last value of a cell it draws itself; `png(PAGE_SCALE)` is for a page. What a notebook stored of it is enough
    to make it again: the content under `MEDIA_TYPE` is the spec, that under "text/plain" the summary.
    """

    spec: Mapping[str, Any] = field(repr=False)
    summary: str

    def png(self, scale: int = 1) -> bytes:
        """The chart as a PNG file, `scale` pixels per unit of the spec."""
        drawn = vl_convert.vegalite_to_png(
            dict(self.spec), vl_version=VEGALITE_VERSION, scale=scale, allowed_base_urls=[]
        )
        return pack_png(drawn)

    def __str__(self) -> str:
        return self.summary

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """What Jupyter stores of the chart: the spec, the PNG and the summary, which is also the image's alt text."""
        data = {MEDIA_TYPE: dict(self.spec), "image/png": self.png(), "text/plain": self.summary}
        return data, {"image/png": {"alt": self.summary}}


def pack_png(png: bytes) -> bytes:
    """
    The same PNG with the same pixels, its image data deflated as hard as zlib can: a third of the size for a chart.

    vl-convert deflates for speed, and an executed notebook is committed. Raises ValueError for bytes that are no PNG.
    """
    before: list[bytes] = []
    image: list[bytes] = []
    after: list[bytes] = []
    for kind, content in _chunks(png):
        if kind == b"IDAT":
            image.append(content)
        else:
            (after if image else before).append(_chunk(kind, content))
    packed = _chunk(b"IDAT", zlib.compress(zlib.decompress(b"".join(image)), 9))
    return b"".join([_PNG_SIGNATURE, *before, packed, *after])


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The (kind, content) of each chunk. Source: W3C, Portable Network Graphics, third edition, section 5."""
    if not png.startswith(_PNG_SIGNATURE):
        raise ValueError(f"not a PNG: begins with {png[:8]!r}")
    at = len(_PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

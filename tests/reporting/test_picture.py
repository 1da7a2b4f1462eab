from __future__ import annotations

import struct
import zlib

import pytest
import vl_convert
from IPython.core.formatters import DisplayFormatter

from bizra_lab.reporting.picture import MEDIA_TYPE, SCHEMA, Picture, pack_png

SPEC = {
    "$schema": SCHEMA,
    "data": {"values": [{"x": 1, "y": 2}, {"x": 2, "y": 3}]},
    "mark": "line",
    "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
}
PICTURE = Picture(SPEC, "two points")


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Every chunk of a PNG, its checksum looked at."""
    chunks, rest = [], png[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, content, checksum = rest[4:8], rest[8 : 8 + length], rest[8 + length : 12 + length]
        assert zlib.crc32(kind + content) == int.from_bytes(checksum, "big")
        chunks.append((kind, content))
        rest = rest[12 + length :]
    return chunks


def _pixels(png: bytes) -> bytes:
    """The rows of a PNG as they are before deflation, each with its filter's number."""
    return zlib.decompress(b"".join(content for kind, content in _chunks(png) if kind == b"IDAT"))


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def test_packing_changes_no_pixel() -> None:
    drawn = vl_convert.vegalite_to_png(SPEC, vl_version="5.8")
    packed = pack_png(drawn)
    assert _pixels(drawn) == _pixels(packed)
    assert dict(_chunks(drawn))[b"IHDR"] == dict(_chunks(packed))[b"IHDR"]


def test_packing_makes_a_chart_much_smaller() -> None:
    drawn = vl_convert.vegalite_to_png(SPEC, vl_version="5.8")
    assert 2 * len(pack_png(drawn)) < len(drawn)


def test_packing_joins_the_image_data_and_leaves_everything_else_where_it_was() -> None:
    stream = zlib.compress(bytes(100))
    png = _png((b"IHDR", b"a head"), (b"IDAT", stream[:5]), (b"IDAT", stream[5:]), (b"tEXt", b"words"), (b"IEND", b""))
    packed = pack_png(png)
    assert [b"IHDR", b"IDAT", b"tEXt", b"IEND"] == [kind for kind, _ in _chunks(packed)]
    assert bytes(100) == _pixels(packed)
    assert b"words" == dict(_chunks(packed))[b"tEXt"]


@pytest.mark.parametrize("not_a_png", [b"", b"<svg/>", b"\x89PNG"])
def test_packing_refuses_what_is_no_png(not_a_png: bytes) -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        pack_png(not_a_png)


def test_is_twice_as_fine_for_a_page() -> None:
    once, twice = (struct.unpack(">II", dict(_chunks(PICTURE.png(scale)))[b"IHDR"][:8]) for scale in (1, 2))
    assert (2 * once[0], 2 * once[1]) == twice


def test_shows_itself_in_a_notebook_as_a_spec_an_image_and_words() -> None:
    data, metadata = DisplayFormatter().format(PICTURE)  # type: ignore[no-untyped-call]
    assert {MEDIA_TYPE, "image/png", "text/plain"} == set(data)
    assert SPEC == data[MEDIA_TYPE]
    assert "two points" == data["text/plain"]
    assert {"image/png": {"alt": "two points"}} == metadata


def test_can_be_made_again_from_what_a_notebook_stored() -> None:
    data, _ = DisplayFormatter().format(PICTURE)  # type: ignore[no-untyped-call]
    assert PICTURE == Picture(data[MEDIA_TYPE], data["text/plain"])


def test_says_its_summary_and_not_its_data() -> None:
    assert "two points" == str(PICTURE)
    assert "values" not in repr(PICTURE)

"""
What is answered must fit through the wire.

Claim: so many operations per second, each of which moves so many bytes over a link.
Reason: rate × bytes is what the link carries each second. More than it can carry did not happen: totals were taken for
    rates, answers were cut short or came from a cache on this side of the link.
Threshold: refuted when even the lower end of rate × bytes exceeds the upper end of the link's rate. Headers and frames
    that were not counted only make it worse.
Source: TechEmpower FrameworkBenchmarks, issue 9168: 28,733,734 responses of 142 bytes a second, 4,080 MB/s, published
    of a link of 10 Gbit/s, 1,250 MB/s.
"""

from __future__ import annotations

from collections.abc import Iterator

from bizra_lab.audit._rule import given, rule
from bizra_lab.model import Claim, Finding, NotChecked, Weight

MEGABYTE = 1e6  # bytes, as links are rated


@rule()
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    rate, size, link = (given(claim, name) for name in ("throughput_per_s", "bytes_per_op", "link_bytes_per_s"))
    if size is None or link is None or rate is None:
        what = "throughput_per_s" if rate is None else "bytes_per_op" if size is None else "link_bytes_per_s"
        yield NotChecked(f"{what} was not given", undisclosed=False)
        return
    if rate.low * size.low > link.high:
        fits_per_s = link.high / size.low
        yield Finding(
            Weight.REFUTES,
            f"{rate.value:,.8g} /s × {size.value:,.6g} bytes = {rate.value * size.value / MEGABYTE:,.5g} MB/s, but the "
            f"link carries {link.value / MEGABYTE:,.5g} MB/s, enough for {fits_per_s:,.6g} /s",
            ("throughput_per_s", "bytes_per_op"),
        )

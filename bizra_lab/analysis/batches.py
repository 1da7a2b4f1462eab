"""What an operation that does many things at once does of each: a batch beside its single operations."""

from __future__ import annotations

from bizra_lab.model import Estimate, Result, Results, Unavailable

NOT_MEASURED = Unavailable("not measured")


def per_record(results: Results, records: int) -> dict[str, Result]:
    """
    `records_per_s`, and `record_ns`, the mean time that one takes, of operations that each take `records` of them.

    All records of a batch are done when it is done: `record_ns` is a cost, and no latency that anybody sees.
    Raises ValueError when an operation takes none.
    """
    if records < 1:
        raise ValueError(f"records must be at least 1, got {records}")
    return {
        "records_per_s": _times(results.get("throughput_per_s", NOT_MEASURED), records),
        "record_ns": _times(results.get("latency_ns.mean", NOT_MEASURED), 1 / records),
    }


def _times(result: Result, factor: float) -> Result:
    if isinstance(result, Unavailable):
        return result
    return Estimate(result.value * factor, result.low * factor, result.high * factor, result.unit, result.n)

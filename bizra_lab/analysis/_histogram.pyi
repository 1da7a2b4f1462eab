from bizra_lab.model import Ints

def count(
    values: Ints,
    counts: Ints,
    half_bits: int,
    room: Ints,
    filled: int,
    smallest: int,
    tail_from: int,
) -> tuple[int, int, int, int]: ...
def pack(counts: Ints) -> bytes: ...
def unpack(packed: bytes, slots: int) -> bytes: ...

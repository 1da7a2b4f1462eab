"""Tables of validators say who told which head."""

from __future__ import annotations

from bizra_lab.model import Estimate, Results, Unavailable
from bizra_lab.reporting.consensus import heads_table, validators_table

SHARES: Results = {
    "share.heads_agree": Estimate(0.75, 0.75, 0.75, "share", 5_040),
    "share.orders_agree": Unavailable("no deals"),
}


def test_a_head_rule_has_the_heads_of_one_deal_and_how_often_each_was_told() -> None:
    table = heads_table("Heads", {"last vote wins": ("B2/B3/B2", {"B2": 1_260, "B3": 3_780}, SHARES)})
    assert (
        ("last vote wins", "B2/B3/B2", "B2 1,260 times, B3 3,780 times", "75.00 % of 5,040", "no deals"),
    ) == table.rows
    assert "nobody told a head" in str(heads_table("Heads", {}))


def test_a_validator_has_its_head_its_final_epoch_and_what_happened_to_it() -> None:
    table = validators_table("At the end", {"V1": ("ab" * 32, 1_006, "killed, and back 3 blocks behind")})
    assert (("V1", "abababababababab", "1,006", "killed, and back 3 blocks behind"),) == table.rows
    assert "nobody told anything" in str(validators_table("At the end", {}))

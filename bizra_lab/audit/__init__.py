"""May it be believed? One reason for doubt per file in `rules/`, asked of every measurement, whoever made it."""

from bizra_lab.audit._rule import RULES, inspect, inspect_together, rule

__all__ = ["RULES", "inspect", "inspect_together", "rule"]

"""Honest loads and what reports do to them, where the tests of the balance look for them."""

from __future__ import annotations

from bizra_lab.testing import DOCTORED, LOADS, honest

__all__ = ["DOCTORED", "LOADS", "honest"]

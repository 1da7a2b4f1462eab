"""Is it good enough? Limits from `params/gates.yaml`, judged on whole intervals; an ordinary gate is one line there."""

from bizra_lab.gates._gate import KINDS, Gate, Gates, Scoring, gate, judge, load_gates, score

__all__ = ["KINDS", "Gate", "Gates", "Scoring", "gate", "judge", "load_gates", "score"]

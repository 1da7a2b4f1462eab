"""
What the lab measures: one component per file, registered by the name of the file.

A component is usable by itself; `prepare`, at the end of its file, makes of it the workload that a study measures.
"""

from bizra_lab.components._component import COMPONENTS, Clock, Component, component

__all__ = ["COMPONENTS", "Clock", "Component", "component"]

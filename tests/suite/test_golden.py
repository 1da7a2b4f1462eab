"""Golden notebooks hold nothing that differs between two executions."""

from __future__ import annotations

import nbformat

from bizra_lab.suite.golden import INJECTED, without_accidents

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def test_times_ids_and_versions_are_left_out_and_the_rest_is_kept() -> None:
    injected = nbformat.v4.new_code_cell("study = 'a'", id="0f3a", metadata={"tags": [INJECTED], "papermill": {"x": 1}})
    plain = nbformat.v4.new_code_cell("1", id="kept", metadata={"execution": {"iopub.status.busy": "now"}})
    plain.execution_count = 3
    notebook = nbformat.v4.new_notebook(
        cells=[injected, plain],
        metadata={
            "kernelspec": KERNEL,
            "language_info": {"name": "python", "version": "3.11.7"},
            "papermill": {"duration": 1.5},
        },
    )
    cleaned = without_accidents(notebook)
    assert {"kernelspec": KERNEL, "language_info": {"name": "python"}} == cleaned.metadata
    assert [{"tags": [INJECTED]}, {}] == [cell.metadata for cell in cleaned.cells]
    assert [INJECTED, "kept"] == [cell.id for cell in cleaned.cells]
    assert 3 == cleaned.cells[1].execution_count

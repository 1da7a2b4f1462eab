"""One chart a file; the folder is the registry (`CHARTS` in `_chart.py`)."""

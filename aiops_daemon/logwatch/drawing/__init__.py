"""Counts against their baseline around an alert: followed by chart.py, then for the terminal, as SVG (picture.py) or as PNG (raster.py)."""

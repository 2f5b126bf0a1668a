"""Flow 2, every five minutes: logs in, one well-founded warning out, before the failure.

records -> masking -> templates -> counts -> baseline -> anomaly -> episodes; series and probability score one number at a
time; analysis joins them for the live watch and for the backtest alike.
"""

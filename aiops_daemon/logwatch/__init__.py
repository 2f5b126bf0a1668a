"""Flow 2, every five minutes: logs in, one well-founded warning out, before the failure.

The way of a line, in the order in which to read; in brackets what a file works with:

    watch.py (reader, store, state, summary)        the five-minute task, CloudWatch Logs, and its memory in DynamoDB
    records.py (headers), lines.py                  text -> events with their header cut, as the analysis takes them
    masking.py, templates.py (slots, families)      which lines are the same event
    counts.py, group_series.py (baseline, memory)   how many of each in five minutes, and what is normal at this hour
    monitor.py (anomaly, negbin, naming)            which series are away from normal, since when, and in which way
    group.py, analysis.py                           all of that for one log group, and for several
    outlook.py (probability, exceedance, logistic, isotonic)    will the group fail within the hour
    episodes.py (findings, deploys, advice)         one alert an episode, with its cause
    predictions.py, book.py, announcer.py           was the warning right; the book that all tasks share; out to people
    remedies.py, settings.py                        what the operator lets a warning set off

Beside it: backtest.py (timestamps) runs the same over old lines, drawing/ shows what it found, series.py (tails) scores one number at
a time.
"""

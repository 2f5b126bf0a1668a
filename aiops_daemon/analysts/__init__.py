"""Analysts: evidence -> verdict. Each implements ports.Analyst and knows none of the others.

    rules.py       always first: deterministic, explained, no network
    model.py       a language model, where one is configured: refines the rules' verdict and may only lower its autonomy (prices.py)

The rules are plain tables, one concern per file, asked in the order that rules.py lists; facts.py reads an event for them, opinion.py
says what their confidence means:

    calls_stop.py       something was stopped, cut off, switched off or scaled to nothing
    calls_destroy.py    something was deleted
    things.py           what the noun of a call names
    calls_audit.py      a protection or an audit source was switched off or weakened
    calls_exposure.py   something was shared with strangers or the world
    calls_access.py     standing access was given, a credential or a backdoor made
    calls_unusual.py    interactive or rare access: watch, nothing to restore
    policy_document.py  who an IAM policy document lets in
    state_changes.py    EC2, EBS, RDS, ECS: a service reports a new state
    jobs.py             builds, pipelines, executions, backups: work that failed
    foreseen.py         what the log watch warns about
    alarms.py  findings.py  notices.py  sign_ins.py
"""

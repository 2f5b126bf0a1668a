"""aiops_daemon: AWS events become verified, recorded, announced recoveries; logs become early warnings.

The map, from the outside in:

    cli/ -> assembly.py        the command line; the wiring diagram (the only place that names concrete classes)
    daemon.py, settings.py     one TaskGroup that runs everything; the only reader of the environment
    intake/ -> events/         an SQS message -> what happened to which resource
    policy/                    who did it, is it allowed, may we act
    workflow/                  incident_flow.py is the recovery, one line a stage
    actions/ probes/           what we can do, and how we check that it helped
    analysts/ notifiers/       evidence -> verdict; notice -> people
    incidents/                 the record: journal, claims, guard rails and history in DynamoDB
    logwatch/                  every five minutes: lines -> templates -> baseline -> forecast -> one warning
    aws/ telemetry/            one AWS session; metrics, logs and the HTTP surface
    ports.py model/            the seams, on one screen; the words
"""

__version__ = "0.1.0"

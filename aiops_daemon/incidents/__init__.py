"""The record: journal, claims, guard rails and history, as conditional writes on single items of one table.

Keys (attribute incident_id): `inc-...` an incident, `RES#...` a claim on a resource, `BUDGET#...`, `BREAKER#...`, `STORM#...`, `SWITCH`.
"""

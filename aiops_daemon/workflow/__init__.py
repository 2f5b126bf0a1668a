"""The recovery: incident_flow.py and one file per stage."""

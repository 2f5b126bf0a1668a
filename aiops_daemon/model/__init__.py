"""The words of the daemon: event, incident, verdict, plan, notice, errors. Standard library and pydantic only."""

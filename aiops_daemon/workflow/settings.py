"""How an incident is worked on."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class WorkflowSettings(BaseModel):
    """Leases, waits and limits of the recovery workflow."""

    model_config = ConfigDict(extra="forbid")

    lease_seconds: float = Field(
        30, ge=5, description="How long a silent owner keeps an incident; a crash costs at most this plus one scan."
    )
    scan_interval_seconds: float = Field(5, gt=0, description="How often a daemon looks for incidents that are due.")
    max_active: int = Field(50, ge=1, description="Incidents that one daemon works on at once; more wait in the table, not in memory.")
    wait_in_place_seconds: float = Field(3, ge=0, description="Shorter waits keep the lease; longer ones park the incident.")
    step_attempts: int = Field(3, ge=1, le=10, description="Tries per step when the error says that it may succeed later.")
    retry_base_seconds: float = Field(1, ge=0, description="First pause between tries; doubles, with full jitter.")
    retry_limit_seconds: float = Field(20, ge=0, description="Longest pause between tries.")
    error_pause_seconds: float = Field(
        15, gt=0, description="An incident whose work an error interrupted goes on after this long; doubles, up to 10 minutes."
    )
    verify_attempts: int = Field(3, ge=1, description="Looks at the resource before the recovery counts as failed.")
    verify_interval_seconds: float = Field(30, ge=0, description="Pause between these looks.")
    verify_pending_seconds: float = Field(900, ge=0, description="A resource that is on its way (starting, creating) may take this long.")
    soak_seconds: float = Field(10, ge=0, description="A healthy resource is looked at again after this long before it counts as verified.")
    approval_hours: float = Field(24, gt=0, description="No answer within this time is a no.")
    notify_attempts: int = Field(8, ge=1, description="Tries per notice and channel, with growing pauses, before it is given up.")
    notify_pause_seconds: float = Field(
        15, gt=0, description="A channel that failed is tried again after this long; doubles, up to 15 minutes."
    )
    recoveries_per_resource_and_day: int = Field(3, ge=1, description="Further ones ask a human.")
    recoveries_per_account_and_hour: int = Field(10, ge=1, description="Further ones ask a human.")
    storm_resources: int = Field(
        5, ge=2, description="Distinct resources of one account failing together that make a storm: humans decide."
    )
    storm_seconds: float = Field(60, gt=0, description="... within this time.")
    storm_calm_minutes: float = Field(10, gt=0, description="A storm is over when nothing new has come for this long.")
    model_calls_per_hour: int = Field(100, ge=0, description="Above it the rules decide alone, and say so.")
    model_dollars_per_hour: float = Field(1.0, ge=0, description="The fleet's money for model calls; above it as above. 0: no calls.")
    breaker_failures: int = Field(3, ge=1, description="Failed recoveries in a row that stop automatic action of their kind.")
    breaker_rest_minutes: float = Field(
        60, gt=0, description="How long a breaker stays open before one recovery may be its probe; doubles with each failed one, to a day."
    )
    breaker_probe: Literal["approve", "auto"] = Field(
        "approve", description="approve: a probe runs once a human approved it; auto: the first recovery after the rest is the probe."
    )
    kill_switch_parameter: str | None = Field(
        None,
        min_length=1,
        description="SSM parameter that also stops every step: `run` or `stop: reason`; anything else, or unreadable, stops.",
    )

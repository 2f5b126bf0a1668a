"""What happened to which resource, by whom and when: one AWS message gives 0..n of these."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import override  # typing has it from 3.12

UNKNOWN = "unknown"
_NOT_KEPT: set[str] = set()  # shared; a copy of a model copies it before it adds to it


class Slim(BaseModel):
    """Forgets which fields were given, which nobody asks: these sets are a third of what a record weighs in memory."""

    @override
    def model_post_init(self, _: object) -> None:
        object.__setattr__(self, "__pydantic_fields_set__", _NOT_KEPT)


class Frozen(Slim):
    """Base of the value types: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EventKind(StrEnum):
    """The shape of the evidence, which decides how much a reader may conclude from it."""

    API_CALL = "api-call"  # CloudTrail: somebody called an API, `error_code` says if it was refused
    SIGN_IN = "sign-in"  # console or federation log-in
    SERVICE_ACTION = "service-action"  # CloudTrail AwsServiceEvent: the service did it by itself
    STATE_CHANGE = "state-change"  # a service reports a new state (EC2 stopped, RDS event, ECS task ...)
    ALARM = "alarm"  # CloudWatch alarm
    FINDING = "finding"  # GuardDuty, Security Hub, Inspector, Config, Access Analyzer, Macie ...
    NOTICE = "notice"  # Health, Trusted Advisor, spot warnings, schedules, deploys ...
    LOG_ANOMALY = "log-anomaly"  # our own log watch
    OTHER = "other"


class ActorKind(StrEnum):
    """CloudTrail userIdentity.type, reduced to what decisions need."""

    USER = "user"
    ROLE = "role"
    ROOT = "root"
    FEDERATED = "federated"
    SERVICE = "service"
    ACCOUNT = "account"
    UNKNOWN = "unknown"


class Actor(Frozen):
    """Who acted. Everything but `arn` and `kind` can be absent, and `user_agent` can be forged."""

    kind: ActorKind = ActorKind.UNKNOWN
    arn: str | None = None
    name: str | None = None  # user name, role session name or service
    account: str | None = None
    issuer_arn: str | None = None  # the role behind an assumed-role session
    invoked_by: str | None = None  # AWS service that made the call on somebody's behalf, e.g. autoscaling.amazonaws.com
    user_agent: str | None = None
    source_ip: str | None = None
    mfa: bool | None = None

    @property
    def label(self) -> str | None:
        """The one string to show for this actor."""
        return self.arn or self.name or self.invoked_by


class Resource(Frozen):
    """`type` is `service:thing` in lower case (ec2:instance, rds:db, ecs:service ...); `id` is bare where AWS has a bare id."""

    type: str = UNKNOWN
    id: str = UNKNOWN

    @property
    def key(self) -> str:
        """`type#id`, the attribute resource_key."""
        return f"{self.type}#{self.id}"

    @property
    def service(self) -> str:
        """The part before the colon."""
        return self.type.partition(":")[0]


class Event(Frozen):
    """One thing that happened to one resource."""

    event_id: str  # EventBridge id (or CloudTrail eventID, or a digest of the body): the same on redelivery
    source: str  # aws.ec2 ...
    detail_type: str
    kind: EventKind
    name: str  # CloudTrail eventName, or a stable phrase for other kinds ("stopped", "ALARM", "RDS-EVENT-0089")
    resource: Resource
    account: str
    region: str
    actor: Actor = Actor()
    occurred_at: datetime
    received_at: datetime
    event_source: str | None = None  # CloudTrail eventSource: ec2.amazonaws.com
    error_code: str | None = None  # set: the call was denied or failed, nothing happened
    error_message: str | None = None
    severity: float | None = None  # the source's own, scaled to 1..10, where it has one
    read_only: bool | None = None
    facts: dict[str, JsonValue] = Field(default_factory=dict)  # the few parameters that analysts and actions need; bounded
    assumed: tuple[str, ...] = ()  # fields that the message lacked and that were filled from queue and clock
    siblings: int = 1  # how many resources the same message named

    @cached_property
    def group(self) -> str:
        """Events of one message share a correlation group."""
        return f"{self.account}:{self.region}:{self.event_id}"


class Recognized(Frozen):
    """The message was understood."""

    events: tuple[Event, ...]


class Ignored(Frozen):
    """The message was understood and is no event: dropped and counted under `reason`."""

    reason: str


class Parked(Frozen):
    """The message cannot be understood: it goes to the dead-letter queue with `reason`."""

    reason: str


Reading = Recognized | Ignored | Parked

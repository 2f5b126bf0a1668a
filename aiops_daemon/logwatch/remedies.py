"""What an alert may set off: nothing, unless the operator wrote down a log group, a resource and an action.

Neither the log lines nor a model choose a target. Read by the settings, so nothing here may import numpy.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

_ECS = re.compile(r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:service/[A-Za-z0-9_-]{1,255}/[A-Za-z0-9_-]{1,255}")
_RDS = re.compile(r"arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:db:[A-Za-z][A-Za-z0-9-]{0,62}")
InstanceClass = Annotated[str, StringConstraints(pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")]


class LogAction(BaseModel):
    """One line of AIOPS_LOGWATCH__ACTIONS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log_group: str = Field(min_length=1, description="name or glob of the log groups whose warnings count")
    matching: str = Field("*", min_length=1, description="glob on the templates and sample lines of the warning: *connection pool*")
    action: Literal["ecs.scale_out", "rds.scale_up"]
    resource: str = Field(description="ARN of the ECS service (with its cluster) or the DB instance")
    approve: bool = Field(True, description="true: a human is asked first, whatever the probability")
    at_most: int | None = Field(None, ge=2, le=5000, description="ecs.scale_out: never more tasks than this")
    instance_classes: tuple[InstanceClass, ...] = Field((), description="rds.scale_up: the ladder, smallest first")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        form = _ECS if self.action == "ecs.scale_out" else _RDS
        if not form.fullmatch(self.resource):
            raise ValueError(f"{self.resource!r} is not the ARN of what {self.action} works on")
        if self.action == "ecs.scale_out" and self.at_most is None:
            raise ValueError("ecs.scale_out needs at_most, the bound on its tasks")
        if self.action == "rds.scale_up" and len(set(self.instance_classes)) < 2:
            raise ValueError("rds.scale_up needs instance_classes, a ladder of at least two")
        return self

    def fits(self, log_group: str, texts: Iterable[str]) -> bool:
        """Whether a warning of this group with these templates and sample lines is meant."""
        return fnmatchcase(log_group, self.log_group) and any(fnmatchcase(text, self.matching) for text in texts)

"""What the fleet looks after beside instances: databases, services and parameters, as far as the actions and probes call them.

Nothing waits between looking and writing. Each change is reported to `changed` with whether it made a difference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.aws_http import _xml
from tests.benchmarks.stand import ACCOUNT, REGION
from tests.chaos.events import BAD, CLUSTER, GOOD

RDS = "http://rds.amazonaws.com/doc/2014-10-31/"
SWITCH = "/chaos/switch"
BOOT_SECONDS = 0.4
Changed = Callable[[str, str, bool], None]


class Refused(Exception):
    """`code` as AWS names it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Estate:
    """By the last part of a name: `db-7`, `svc-7`, `flag-7`. `ready` says when what was started is up."""

    now: Callable[[], float]
    changed: Changed
    databases: dict[str, str] = field(default_factory=dict)
    desired: dict[str, int] = field(default_factory=dict)
    deployed: dict[str, float] = field(default_factory=dict)
    versions: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ready: dict[str, float] = field(default_factory=dict)
    hopeless: set[str] = field(default_factory=set)  # services whose deployments fail
    switch: list[tuple[float, str]] = field(default_factory=lambda: [(0.0, "run")])  # since when its parameter says what

    def harm(self, name: str) -> None:
        """Somebody stops it, scales it to nothing, or writes a bad value."""
        match name.partition("-")[0]:
            case "db":
                self.databases[name] = "stopped"
            case "svc":
                self.desired[name] = 0
            case "flag":
                self._put(name, BAD)

    def well(self, name: str) -> bool:
        match name.partition("-")[0]:
            case "db":
                return self._status(name) == "available"
            case "svc":
                return self.desired.get(name, 1) > 0 and name not in self.hopeless
            case _:
                return bool(self._history(name)[-1]["Value"] == GOOD)

    def version(self, name: str) -> int:
        return len(self._history(name))

    def query(self, request: Mapping[str, str]) -> str:
        """RDS."""
        action, name = request["Action"], request["DBInstanceIdentifier"]
        if action in {"StartDBInstance", "StopDBInstance"}:
            needed, becomes = ("stopped", "starting") if action == "StartDBInstance" else ("available", "stopped")
            fits = self._status(name) == needed
            self.changed(action, name, fits)
            if not fits:
                raise Refused("InvalidDBInstanceState", f"Instance {name} is {self._status(name)}")
            self.databases[name], self.ready[name] = becomes, self.now() + BOOT_SECONDS
        told = f"<DBInstanceIdentifier>{name}</DBInstanceIdentifier><DBInstanceStatus>{self._status(name)}</DBInstanceStatus>"
        one = f"<DBInstance>{told}</DBInstance>"
        listed = f"<DBInstances>{one}</DBInstances>" if action == "DescribeDBInstances" else one
        return _xml(action, f"<{action}Result>{listed}</{action}Result>", RDS)

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """ECS and SSM."""
        match operation:
            case "DescribeServices":
                return {"services": [self._service(name.rpartition("/")[2]) for name in request["services"]], "failures": []}
            case "UpdateService":
                name = str(request["service"]).rpartition("/")[2]
                before, wanted = self.desired.get(name, 1), int(request.get("desiredCount", self.desired.get(name, 1)))
                self.changed(operation, name, before != wanted or bool(request.get("forceNewDeployment")))
                self.desired[name] = wanted
                if request.get("forceNewDeployment"):
                    self.deployed[name] = self.now()
                return {"service": self._service(name)}
            case "GetParameter":
                at, said = self.switch[-1]
                return {"Parameter": {"Name": SWITCH, "Type": "String", "Value": said, "Version": len(self.switch), "LastModifiedDate": at}}
            case "GetParameterHistory":
                return {"Parameters": self._history(_last(request["Name"]))}
            case "PutParameter":
                name = _last(request["Name"])
                self.changed(operation, name, self._history(name)[-1]["Value"] != request["Value"])
                return {"Version": self._put(name, str(request["Value"])), "Tier": "Standard"}
            case "LabelParameterVersion":
                self._history(_last(request["Name"]))[int(request["ParameterVersion"]) - 1]["Labels"] += request["Labels"]
                return {"InvalidLabels": [], "ParameterVersion": request["ParameterVersion"]}
            case _:
                raise AssertionError(f"the double has no {operation}")

    def _status(self, name: str) -> str:
        state = self.databases.get(name, "available")
        return "available" if state == "starting" and self.ready[name] <= self.now() else state

    def _service(self, name: str) -> dict[str, Any]:
        desired, deployed = self.desired.get(name, 1), self.deployed.get(name, 0.0)
        moving = self.now() - deployed < BOOT_SECONDS
        primary = {
            "id": "ecs-svc/1", "status": "PRIMARY", "desiredCount": desired, "createdAt": deployed, "updatedAt": deployed,
            "rolloutState": "IN_PROGRESS" if moving else "FAILED" if name in self.hopeless and deployed else "COMPLETED",
        }  # fmt: skip
        running = 0 if moving or name in self.hopeless else desired
        return {
            "serviceName": name, "status": "ACTIVE", "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}", "tags": [],
            "desiredCount": desired, "runningCount": running, "taskDefinition": "web:1", "deployments": [primary],
        }  # fmt: skip

    def _history(self, name: str) -> list[dict[str, Any]]:
        if name not in self.versions:
            self.versions[name] = []
            self._put(name, GOOD)
        return self.versions[name]

    def _put(self, name: str, value: str) -> int:
        history = self._history(name)
        number = len(history) + 1
        history.append({"Name": f"/chaos/{name}", "Type": "String", "Value": value, "Version": number, "Labels": []})
        return number


def _last(name: str) -> str:
    return name.rpartition("/")[2]

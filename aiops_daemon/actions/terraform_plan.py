"""A saved Terraform plan as the daemon reads it (`terraform show -json`, cut down to addresses and actions), and what it thinks of it.

Only a plan that creates or updates the incident's own addresses goes by itself. A delete, a replacement, a moved or imported record, or any
change of another address asks a person. Drift is told apart from changes: a terminated instance is "delete" there and "create" here.
"""

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

NAMES = ("id", "arn", "identifier", "name", "bucket")  # where a state keeps what an event calls the resource
QUIET = (frozenset({"no-op"}), frozenset({"read"}))
_TOLD = 6  # addresses in a summary


class _Read(BaseModel):
    """Terraform adds fields in every minor version: what is not read here is dropped, and with it every value but the names."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Change(_Read):
    """What happens to one resource."""

    actions: tuple[str, ...]
    before: dict[str, JsonValue] | None = None
    importing: dict[str, JsonValue] | None = None

    @field_validator("before", mode="before")
    @classmethod
    def _names_only(cls, before: object) -> object:
        return {key: value for key, value in before.items() if key in NAMES} if isinstance(before, dict) else before

    @field_validator("importing", mode="before")
    @classmethod
    def _whether(cls, importing: object) -> object:
        return None if importing is None else {}


class ResourceChange(_Read):
    """One resource of the plan, or of the drift."""

    address: str = Field(max_length=1000)
    mode: str = "managed"
    type: str = ""
    previous_address: str = ""
    action_reason: str = ""
    change: Change

    @property
    def does(self) -> frozenset[str]:
        return frozenset(self.change.actions)

    @property
    def quiet(self) -> bool:
        return self.does in QUIET and not self.previous_address and self.change.importing is None

    def named(self, lost: str) -> bool:
        """Whether the resource was what the event calls `lost`."""
        return self.mode == "managed" and lost in (self.change.before or {}).values()


class SavedPlan(_Read):
    """The plan."""

    format_version: str = Field(pattern=r"^1\.")
    errored: bool = False
    complete: bool = True
    resource_changes: tuple[ResourceChange, ...] = ()
    resource_drift: tuple[ResourceChange, ...] = ()

    @property
    def touched(self) -> tuple[ResourceChange, ...]:
        return tuple(change for change in self.resource_changes if not change.quiet)

    def summary(self) -> str:
        """1 to create, 0 to change, 0 to destroy: aws_instance.web; drift: aws_instance.web (delete)."""
        does = [change.does for change in self.touched]
        counts = (("create", "create"), ("change", "update"), ("destroy", "delete"))
        said = ", ".join(f"{sum(action in actions for actions in does)} to {word}" for word, action in counts)
        drifted = [change for change in self.resource_drift if not change.quiet]
        drift = [f"{change.address} ({' and '.join(sorted(change.does))})" for change in drifted if change.does != {"update"}]
        if updated := len(drifted) - len(drift):  # often a provider that reads null as empty: counted, not named
            drift.append(f"{updated} updated")
        told = f": {_few([change.address for change in self.touched])}" if does else ""
        return f"{said}{told}{f'; drift: {_few(drift)}' if drift else ''}"


def own_addresses(plan: SavedPlan, lost: str, target: str) -> frozenset[str]:
    """What stands for the lost resource: the address that the operator named, else those whose last known id or name it is."""
    if target:
        return frozenset({target})
    return frozenset(change.address for change in (*plan.resource_drift, *plan.resource_changes) if change.named(lost))


def objection(plan: SavedPlan, lost: str, target: str) -> str:
    """Why a person has to decide; empty where the plan may be applied."""
    if plan.errored or not plan.complete:
        return "the plan is not complete"
    if not plan.touched:
        return f"the plan changes nothing: Terraform does not miss {lost}"
    own = own_addresses(plan, lost, target)
    if not own:
        return f"nothing in the plan is known to be {lost}"
    for change in plan.touched:
        if reason := _against(change, own):
            return reason
    return ""


def _against(change: ResourceChange, own: frozenset[str]) -> str:
    does = " and ".join(sorted(change.does))
    if change.previous_address or change.change.importing is not None:
        return f"{change.address} would be moved or imported"
    if not change.does <= {"create", "update"}:
        return f"{change.address} would be changed by {does}{f' ({change.action_reason})' if change.action_reason else ''}"
    if change.address not in own:
        return f"{change.address} is not part of this incident, and would be changed by {does}"
    return ""


def _few(items: list[str]) -> str:
    more = len(items) - _TOLD
    return ", ".join(items[:_TOLD]) + (f" and {more} more" if more > 0 else "")

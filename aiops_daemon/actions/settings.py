"""What can be set about actions. Each value says its unit and why it is what it is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ProjectName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,149}$")]
BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9{][a-z0-9.{}-]{1,80}[a-z0-9}]$")]
Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\[\]\"-]{0,255}$")]


class ActionSettings(BaseModel):
    """Group `actions` of the settings (AIOPS_ACTIONS__...)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    codebuild_project: ProjectName | None = Field(
        None, description="CodeBuild project that plans and applies the Terraform configuration; unset: what is lost is not recreated"
    )
    plan_bucket: BucketName | None = Field(
        None, description="versioned S3 bucket where that project saves its plans; {account} and {region} stand for the resource's own"
    )
    codebuild_resource_types: tuple[str, ...] = Field(
        ("ec2:instance",), description="resource types that this project can recreate when they are gone"
    )
    terraform_targets: dict[str, Address] = Field(
        default_factory=dict, description="resource id -> Terraform address, where the build cannot find it out by itself (TARGETS)"
    )
    build_timeout_seconds: int = Field(
        1800,
        ge=300,
        le=28_800,
        description="either build (plan, apply) that runs longer is stopped; CodeBuild itself allows 5 minutes to 8 hours",
    )
    build_poll_seconds: float = Field(15, gt=0, description="how often a running build is looked at")
    poll_seconds: float = Field(5, gt=0, description="how often a starting instance, database or service is looked at")
    ecs_desired_counts: dict[str, Annotated[int, Field(ge=1, le=5000)]] = Field(
        default_factory=dict, description="cluster/service -> tasks, for services that somebody scales to 0 (else the tag, else 1)"
    )

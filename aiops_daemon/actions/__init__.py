"""The catalogue of remediations. A new one is one file here and one line in `catalogue`, in order of preference."""

from aiops_daemon.actions.codebuild_terraform_apply import CodeBuildTerraformApply
from aiops_daemon.actions.ec2_start import Ec2Start
from aiops_daemon.actions.ecs_redeploy import EcsRedeploy
from aiops_daemon.actions.ecs_scale_out import EcsScaleOut
from aiops_daemon.actions.notify_only import NotifyOnly
from aiops_daemon.actions.rds_scale_up import RdsScaleUp
from aiops_daemon.actions.rds_start import RdsStart
from aiops_daemon.actions.settings import ActionSettings
from aiops_daemon.actions.ssm_restore_parameter import SsmRestoreParameter
from aiops_daemon.ports import Action, Clock


def catalogue(settings: ActionSettings, clock: Clock) -> tuple[Action, ...]:
    """Gentle before heavy; what only tells comes last."""
    return (
        Ec2Start(settings),
        RdsStart(settings),
        EcsRedeploy(settings),
        SsmRestoreParameter(),
        EcsScaleOut(settings),
        RdsScaleUp(settings),
        CodeBuildTerraformApply(settings, clock),
        NotifyOnly(),
    )

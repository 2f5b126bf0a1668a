"""Independent looks at resources, one file per resource type. A new one is one file here and one line in `probes`."""

from aiops_daemon.ports import Probe
from aiops_daemon.probes.ec2_instance import Ec2InstanceProbe
from aiops_daemon.probes.ecs_service import EcsServiceProbe
from aiops_daemon.probes.rds_instance import RdsProbe
from aiops_daemon.probes.ssm_parameter import SsmParameterProbe


def probes() -> tuple[Probe, ...]:
    """What is not in here is not verified, and the incident says so."""
    return (Ec2InstanceProbe(), RdsProbe(), EcsServiceProbe(), SsmParameterProbe())

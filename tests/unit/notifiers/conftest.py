import pytest

from aiops_daemon.model.notice import Notice, NoticeKind, TimelineRow


@pytest.fixture
def notice() -> Notice:
    return Notice(
        notice_id="inc-1.failed",
        incident_id="inc-1",
        kind=NoticeKind.FAILED,
        severity=8,
        subject="Recovery failed: ec2:instance i-0123456789abcdef0",
        summary="Somebody stopped it and it does not start.",
        facts=(("Resource", "ec2:instance i-0123456789abcdef0"), ("Actor", "<!channel> <https://evil.example|click> & `x`")),
        timeline=(
            TimelineRow(at="2026-03-01T12:00:00Z", state="DETECTING", note="StopInstances by somebody", seconds=0.4),
            TimelineRow(at="2026-03-01T12:00:01Z", state="FAILED", note="gave up"),
        ),
        actions=("aiops-daemon incidents show inc-1",),
    )

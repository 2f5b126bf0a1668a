"""Calls that share something with another account or the world."""

import ipaddress
import re
from collections.abc import Callable, Iterator

from pydantic import JsonValue

from aiops_daemon.analysts.facts import api, flag, pairs, parameters, values
from aiops_daemon.analysts.opinion import CERTAIN, FAIR, STRONG, actor, anomaly, called, subject, tampering
from aiops_daemon.analysts.policy_document import Reach, reach_of
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

Parameters = dict[str, JsonValue]

_PUBLIC_GROUPS = ("/groups/global/allusers", "/groups/global/authenticatedusers")
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
_ACCOUNT = re.compile(r"\d{12}")
# Calls that set a resource policy: what they changed is worth a look even where it opens nothing.
_POLICY_SETTER = re.compile(
    r"^(?:Put|Set|Attach|Create|Update|Add).*(?:Policy|Permission|Policies)$|^(?:SetQueue|SetTopic)Attributes$|^UpdateDomainConfig$"
)


def _open_network(p: Parameters, _home: str) -> bool:
    """0.0.0.0/0, ::/0, or any address written with /0: all the same network."""
    return any(_everywhere(v) for v in values(p, "cidrIp", "cidrIpv6", "cidrBlock", "ipv6CidrBlock", "CidrIpv4") if isinstance(v, str))


def _everywhere(cidr: str) -> bool:
    try:
        return ipaddress.ip_network(cidr.strip(), strict=False).prefixlen == 0
    except ValueError:
        return False


def _snapshot_shared(p: Parameters, home: str) -> bool:
    """createVolumePermission/launchPermission add, or valuesToAdd: the group `all` or another account."""
    if str(p.get("operationType", "")).lower() == "remove":
        return False
    given = _without(p, "remove")
    names = ("add", "valuesToAdd", "userIds", "userId", "groups", "groupNames", "accountIdsToAdd", "accountWithRestoreAccess")
    return any(_stranger(v, home) for item in values(given, *names) for v in _leaves(item))


def _without(tree: JsonValue, name: str) -> JsonValue:
    """What is taken away is not shared: the tree without every branch of this name."""
    if isinstance(tree, dict):
        return {key: _without(value, name) for key, value in tree.items() if key.lower() != name}
    return [_without(item, name) for item in tree] if isinstance(tree, list) else tree


def _leaves(item: JsonValue) -> Iterator[JsonValue]:
    if isinstance(item, dict):
        item = list(item.values())
    if isinstance(item, list):
        for inner in item:
            yield from _leaves(inner)
    else:
        yield item


def _stranger(value: JsonValue, home: str) -> bool:
    text = str(value)
    return text.lower() in {"all", "*"} or (_ACCOUNT.fullmatch(text) is not None and text != home) or ":iam::" in text


def _public_acl(p: Parameters, _home: str) -> bool:
    for key, value in pairs(p):
        listed = value if isinstance(value, list) else [value]
        for item in listed:
            if isinstance(item, str) and (item.lower() in _PUBLIC_ACLS or any(g in item.lower() for g in _PUBLIC_GROUPS)):
                return key.lower() != "displayname"
    return False


def _block_removed(p: Parameters, _home: str) -> bool:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return any(flag(p, name) is False for name in names)


def _lambda_permission(p: Parameters, home: str) -> bool:
    """A principal that is the world or another account."""
    listed = values(p, "principal", "AWSAccountId", "AWSAccountIds")
    principals = [str(v) for item in listed for v in _leaves(item) if isinstance(v, str | int)]
    return any(v == "*" or any(found != home for found in _ACCOUNT.findall(v)) for v in principals)


def _no_auth(p: Parameters, _home: str) -> bool:
    return "NONE" in values(p, "authType", "authorizationType")


def _copied_away(p: Parameters, home: str) -> bool:
    return any(_ACCOUNT.fullmatch(str(v)) and str(v) != home for v in values(p, "Account", "destinationAccount", "destinationAccountId"))


def _public_builds(p: Parameters, _home: str) -> bool:
    return "PUBLIC_READ" in values(p, "projectVisibility")


def _publicly_accessible(p: Parameters, _home: str) -> bool:
    reach = [kind for value in values(p, "publicAccess") if isinstance(value, dict) for kind in values(value, "type")]
    return flag(p, "publiclyAccessible") is True or any(isinstance(kind, str) and kind.upper() != "DISABLED" for kind in reach)


def _external_share(p: Parameters, home: str) -> bool:
    return any(account != home for v in values(p, "principals", "principal") for account in _ACCOUNT.findall(str(v)))


def _handed_out(p: Parameters, home: str) -> bool:
    return any(str(v) != home for v in values(p, "consumerIdentifier"))


def _public_api(p: Parameters, _home: str) -> bool:
    return flag(p, "endpointPublicAccess") is True and ("0.0.0.0/0" in str(p.get("resourcesVpcConfig")))


Test = Callable[[Parameters, str], bool]
_EXPOSED: dict[str, tuple[Test, str, float]] = {
    "AuthorizeSecurityGroupIngress": (_open_network, "it now lets the whole internet in", STRONG),
    "ModifySecurityGroupRules": (_open_network, "it now lets the whole internet in", STRONG),
    "CreateNetworkAclEntry": (_open_network, "a rule for every address was added", STRONG),
    "ReplaceNetworkAclEntry": (_open_network, "a rule for every address was put in place", STRONG),
    "AuthorizeDBSecurityGroupIngress": (_open_network, "it now lets the whole internet in", STRONG),
    "AuthorizeCacheSecurityGroupIngress": (_open_network, "it now lets the whole internet in", STRONG),
    "AuthorizeClusterSecurityGroupIngress": (_open_network, "it now lets the whole internet in", STRONG),
    "ModifySnapshotAttribute": (_snapshot_shared, "it is shared with strangers", CERTAIN),
    "ModifyImageAttribute": (_snapshot_shared, "it is shared with strangers", CERTAIN),
    "ModifyFpgaImageAttribute": (_snapshot_shared, "it is shared with strangers", STRONG),
    "ModifyDBSnapshotAttribute": (_snapshot_shared, "it is shared with strangers", CERTAIN),
    "ModifyDBClusterSnapshotAttribute": (_snapshot_shared, "it is shared with strangers", CERTAIN),
    "AuthorizeSnapshotAccess": (_snapshot_shared, "it is shared with strangers", STRONG),
    "ModifyDocumentPermission": (_snapshot_shared, "it is shared with strangers", STRONG),
    "PutBucketAcl": (_public_acl, "everybody may read or write it", CERTAIN),
    "PutObjectAcl": (_public_acl, "everybody may read or write it", STRONG),
    "PutBucketPublicAccessBlock": (_block_removed, "its block on public access is off", STRONG),
    "PutPublicAccessBlock": (_block_removed, "its block on public access is off", STRONG),
    "PutAccountPublicAccessBlock": (_block_removed, "the account's block on public access is off", STRONG),
    "AddPermission": (_lambda_permission, "others may now use it", STRONG),
    "AddLayerVersionPermission": (_lambda_permission, "others may now use it", STRONG),
    "PutPermission": (_lambda_permission, "others may now send to it", STRONG),
    "CreateFunctionUrlConfig": (_no_auth, "anybody can call it without signing in", STRONG),
    "UpdateFunctionUrlConfig": (_no_auth, "anybody can call it without signing in", STRONG),
    "ModifyDBInstance": (_publicly_accessible, "it is reachable from the internet", STRONG),
    "ModifyCluster": (_publicly_accessible, "it is reachable from the internet", STRONG),
    "ModifyReplicationInstance": (_publicly_accessible, "it is reachable from the internet", STRONG),
    "PutBucketReplication": (_copied_away, "its objects are copied to another account", FAIR),
    "UpdateProjectVisibility": (_public_builds, "its builds and logs are readable by everybody", STRONG),
    "AuthorizeDataShare": (_handed_out, "another account may read it", FAIR),
    "CreateResourceShare": (_external_share, "it is shared with another account", FAIR),
    "AssociateResourceShare": (_external_share, "it is shared with another account", FAIR),
    "ModifyVpcEndpointServicePermissions": (_snapshot_shared, "others may connect to it", FAIR),
    "UpdateClusterConfig": (_public_api, "its control plane is open to the internet", FAIR),
}
# Any service's call: publiclyAccessible, where it is not set from the start.
_CHANGES = re.compile(r"^(?:Update|Modify)[A-Z]")
_REACH = {Reach.WORLD: ("everybody", STRONG), Reach.OTHER_ACCOUNT: ("another account", FAIR)}
# Where a quiet change is everyday work, a call that exposes nothing is left to the next rule.
_EVERYDAY = re.compile(
    r"^(?:Authorize|Modify(?:Sec|DBI|Cluster|Repl)|Update|Create|Replace|Put(?:Object|Bucket)Acl|PutBucketRep|Associate)"
)


def judge(event: Event) -> Verdict | None:
    """TAMPERING where strangers can now reach the resource."""
    _, name = api(event)
    given = parameters(event)
    rule = _EXPOSED.get(name)
    if rule:
        test, meaning, confidence = rule
        if test(given, event.account):
            return tampering(event, f"{called(event)}: {meaning}.", confidence=confidence, severity=9)
    if _CHANGES.match(name) and _publicly_accessible(given, event.account):
        return tampering(event, f"{called(event)}: it is reachable from the internet.", severity=9)
    reach = reach_of(given, event.account)
    if reach in _REACH and not name.startswith(("CreatePolicy", "UpdateAssumeRole", "CreateRole")):
        who, confidence = _REACH[reach]
        because = f"{actor(event)} set a policy on {subject(event)} that lets {who} in ({name})."
        return tampering(event, because, confidence=confidence, severity=9 if reach is Reach.WORLD else 7)
    if rule and not _EVERYDAY.match(name):
        return anomaly(event, f"{called(event)}: sharing changed, nobody outside is shown.")
    if _POLICY_SETTER.match(name) and reach is not None and event.resource.service != "iam":
        return anomaly(event, f"{actor(event)} changed the policy of {subject(event)} ({name}); it opens nothing to strangers.")
    return None

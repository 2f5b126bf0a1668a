"""Calls that give standing access: permissions widened, credentials made, trust extended. Containing them is a person's work."""

import re

from aiops_daemon.analysts.facts import api, parameters, values, words
from aiops_daemon.analysts.opinion import FAIR, STRONG, WEAK, anomaly, called, tampering
from aiops_daemon.model.event import Event
from aiops_daemon.model.verdict import Verdict

# call -> what it gives.
_GIVES: dict[str, dict[str, str]] = {
    "iam": {
        "AttachUserPolicy": "permissions were attached",
        "AttachRolePolicy": "permissions were attached",
        "AttachGroupPolicy": "permissions were attached",
        "PutUserPolicy": "permissions were written into it",
        "PutRolePolicy": "permissions were written into it",
        "PutGroupPolicy": "permissions were written into it",
        "CreatePolicyVersion": "a policy in use was changed",
        "SetDefaultPolicyVersion": "a policy in use was changed",
        "AddUserToGroup": "a user got a group's permissions",
        "AddRoleToInstanceProfile": "instances got a role's permissions",
        "CreateAccessKey": "a long-lived credential was made",
        "CreateLoginProfile": "a console password was made",
        "UpdateLoginProfile": "a console password was changed",
        "UpdateAssumeRolePolicy": "who may assume the role was changed",
        "CreateSAMLProvider": "an outside identity provider is trusted",
        "UpdateSAMLProvider": "what an outside identity provider may assert was changed",
        "CreateOpenIDConnectProvider": "an outside identity provider is trusted",
        "UpdateOpenIDConnectProviderThumbprint": "an outside identity provider was changed",
        "AddClientIDToOpenIDConnectProvider": "an outside application is trusted",
        "CreateServiceSpecificCredential": "a long-lived credential was made",
        "ResetServiceSpecificCredential": "a long-lived credential was made",
        "UploadSSHPublicKey": "a long-lived credential was added",
        "UploadSigningCertificate": "a long-lived credential was added",
    },
    "rolesanywhere": {"CreateTrustAnchor": "an outside certificate authority is trusted", "UpdateTrustAnchor": "outside trust was changed"},
    "sso": {
        "CreateAccountAssignment": "permissions were assigned",
        "AttachManagedPolicyToPermissionSet": "a permission set was widened",
        "AttachCustomerManagedPolicyReferenceToPermissionSet": "a permission set was widened",
        "PutInlinePolicyToPermissionSet": "a permission set was widened",
    },
    "eks": {
        "AssociateAccessPolicy": "access to the cluster was given",
        "CreateAccessEntry": "access to the cluster was given",
        "AssociateIdentityProviderConfig": "an outside identity provider is trusted",
    },
    "ec2": {
        "AssociateIamInstanceProfile": "an instance got a role's permissions",
        "ReplaceIamInstanceProfileAssociation": "an instance got other permissions",
    },
    "organizations": {"RegisterDelegatedAdministrator": "an account got rights over the organisation"},
    "iot": {"AttachPolicy": "permissions were attached", "AttachPrincipalPolicy": "permissions were attached"},
    "ds": {"ResetUserPassword": "a directory password was changed"},
    "cognito-idp": {"AdminSetUserPassword": "a user's password was changed"},
}
# Code and configuration that a deploy changes every day and an intruder once: the event cannot tell which it was.
_DEPLOY_OR_BACKDOOR = {
    "lambda": words(
        """
    UpdateFunctionCode UpdateFunctionConfiguration PublishLayerVersion UpdateEventSourceMapping CreateEventSourceMapping
    """
    ),
    "glue": frozenset({"UpdateDevEndpoint", "UpdateJob"}),
    "sagemaker": frozenset({"UpdateNotebookInstanceLifecycleConfig", "CreateNotebookInstanceLifecycleConfig"}),
    "codebuild": frozenset({"UpdateProject"}),
    "ec2": frozenset({"ImportKeyPair", "CreateKeyPair", "ModifyInstanceAttribute"}),
    "iam": frozenset({"UpdateAccessKey", "EnableMFADevice", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary"}),
    "kms": frozenset({"CreateGrant", "PutKeyPolicy"}),
}
# Any service's call that hands out rights of its own kind: GrantPermissions, AttachPolicy ...
_HANDS_OUT = re.compile(r"^(?:Grant[A-Z]\w*|(?:Attach|Associate)\w*Policy|BatchGrantPermissions)$")
_OWN_RULES = frozenset({"organizations", "iam"})
_ADMIN = ("administratoraccess", "iamfullaccess", "poweruseraccess")


def judge(event: Event) -> Verdict | None:
    """TAMPERING where standing access was given."""
    service, name = api(event)
    gives = _GIVES.get(service, {}).get(name)
    if gives is None and service not in _OWN_RULES and _HANDS_OUT.match(name):
        gives = "rights were given"
    if gives:
        wide = any(word in str(v).lower() for v in values(parameters(event), "policyArn", "policyName") for word in _ADMIN)
        confidence, severity = (STRONG, 9) if wide else (FAIR, 7)
        because = f"{called(event)}: {gives}; a person has to say whether that was meant."
        return tampering(event, because, confidence=confidence, severity=severity)
    if name in _DEPLOY_OR_BACKDOOR.get(service, ()):
        because = f"{called(event)}: a deploy or a backdoor, the event alone cannot tell."
        return anomaly(event, because, confidence=WEAK)
    return None

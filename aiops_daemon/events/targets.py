"""Which resource an API call is about: its name, its parameters and its answer say it.

The target is looked for where AWS puts it: the request, then what a creating call answered, then resources[].ARN, then the details of a
service event, then (for denied calls) the error message. Within one place the service's table decides, or the call's own noun.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from pydantic import JsonValue

from aiops_daemon.events.arn import ec2_type, formed, is_arn, resource_of, service_name
from aiops_daemon.events.call_targets import DEFAULT_THING, GENERIC, SPECIAL, TARGETS
from aiops_daemon.events.tree import at, first_text, named, texts
from aiops_daemon.model.event import UNKNOWN, Resource

_VERB = re.compile(r"^[A-Z][a-z]+")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z]|\d|$)|[A-Z][a-z0-9]*")
# Names and ids of something else than the target: they are looked at by no generic rule.
_ASIDE = frozenset({
    "request", "clientrequest", "operation", "kmskey", "account", "owner", "registry", "principal", "caller", "awsaccount", "sshpublic",
    "public", "private",
})  # fmt: skip
# What is set on a target, or given to it: a parameter of that name holds a value, not a name.
_NO_TARGETS = (
    "policy", "type", "key", "document", "configuration", "config", "status", "state", "settings", "attributes", "tags", "region", "grant",
    "permissions", "visibility",
)  # fmt: skip
_ENDS = re.compile(
    r"^(?:Delete|Terminate|Deregister|Stop|Disable|Detach|Dis?associate|Remove|Update|Modify|Withdraw|Release|Revoke|Deactivate|Deauthorize)"
)
_NOUNLESS = frozenset({"id", "name", "arn", "identifier"})
_LISTED = re.compile(r"(?<=id)(?:set|list)$|(?<=arn)list$|(?<=name)list$")  # instanceIdSet, resourceARNList
_HANGS_ON = re.compile(r"(?<=[a-z])(?:From|For|To|With|On|In|Of|By)(?=[A-Z])")
_ORDINAL = re.compile(r"\d{1,3}")  # broker 1 of a cluster is no id of its own
_ARN_IN_TEXT = re.compile(r"on resource: (?:\w+ )?(arn:aws[a-z-]*:[^\s,'\"]+)")
# What a creating call makes stands in its answer, not in its request.
_CREATES = re.compile(r"^(Create|Run|Register|Allocate|Request|Import|Copy|Restore|Start(?!Instances|Logging|DB|Session))")


def fallback(service: str, call: str) -> str:
    """The type of the resource of a call that names none."""
    special = SPECIAL.get(f"{call}@{service}") or SPECIAL.get(call)
    return special or _about(service, call) or DEFAULT_THING.get(service) or _guessed(service, call)


def targets(service: str, call: str, detail: Mapping[str, JsonValue]) -> list[Resource]:
    """The resources that a record names, most telling place first; the first place that names one decides."""
    request, answer = detail.get("requestParameters"), detail.get("responseElements")
    created = _CREATES.match(call) is not None
    for tree in (answer, request) if created else (request, answer):
        strict = service == "config" or (created and (service == "ec2" if tree is request else service not in TARGETS))
        found = _named_in(service, call, tree, strict=strict)
        if found:
            return found + [one for one in _partners(service, call, request) if one not in found]
    if created and service not in TARGETS and (found := _named_in(service, call, answer)):
        return found
    for place in (at(detail, "resources.ARN"), at(detail, "serviceEventDetails.resourceArn")):
        found = [one for text in place if isinstance(text, str) and (one := resource_of(text)) is not None]
        if found:
            return found
    for extra in ("serviceEventDetails", "additionalEventData"):
        found = _named_in(service, call, detail.get(extra))
        if found:
            return found
    return _partners(service, call, request) or _loosely(service, call, request) or _in_message(service, first_text(detail, "errorMessage"))


def _loosely(service: str, call: str, request: JsonValue) -> list[Resource]:
    """The last resort for a service that has a table: a parameter outside it whose noun, or the noun's last word, stands in the call."""
    if service not in TARGETS or _CREATES.match(call) or not _ENDS.match(call):
        return []
    given = [(key, strings[0]) for _, key, value in named(request, depth=2) if (strings := _strings(value))]
    for kin in (_akin, _alike, _unnamed, _own):
        found = next((text for key, text in given if kin(service, call, key, text)), None)
        if found is not None:
            return [formed(found) or _resource(service, call, "*", found)] if kin is _own else [_resource(service, call, "*", found)]
    return []


def _akin(_: str, call: str, key: str, __: str) -> bool:
    """Of the call's noun: gatewayRouteTableId of DeleteGatewayRoute, associationId of Disassociate..., cidr of WithdrawByoipCidr."""
    low, about = _plain(key), _noun_of(call)
    match = GENERIC.match(low)
    if match is None:
        return len(low) > 3 and about.endswith(low) and not low.endswith(_NO_TARGETS)
    noun, last = match["noun"], (_PARTS.findall(key[:1].upper() + key[1:]) or [""])[-2:-1]
    if noun in _ASIDE:
        return False
    related = noun in about or noun.startswith(about) or (noun == "association" and "ssociate" in call)
    return related or bool(last and last[0].lower() in about)


def _alike(_: str, call: str, key: str, __: str) -> bool:
    """The same first two words: clientVpnEndpointId of RevokeClientVpnIngress."""
    words = _PARTS.findall(key[:1].upper() + key[1:64])[:2]
    return GENERIC.match(_plain(key)) is not None and len(words) == 2 and words == _PARTS.findall(_VERB.sub("", call))[:2]


def _unnamed(_: str, __: str, key: str, ___: str) -> bool:
    """`name` and `id` of a service whose table gives them to no thing."""
    return key.lower() in _NOUNLESS


def _own(service: str, _: str, key: str, text: str) -> bool:
    """An ARN of the call's own service, whatever the parameter is called; or one that says resource."""
    found = resource_of(text) if key.lower().endswith("arn") else None
    return _plain(key) == "resourceid" or (found is not None and found.service == service_name(service))


def _partners(service: str, call: str, request: JsonValue) -> list[Resource]:
    """The instance that a volume, an address or an image is attached to, taken from or made of is part of the event."""
    if service != "ec2" or not call.startswith(("Attach", "Detach", "CreateImage")):
        return []
    return [Resource(type="ec2:instance", id=text) for text in texts(request, "instanceId")]


def _named_in(service: str, call: str, tree: JsonValue, *, strict: bool = False) -> list[Resource]:
    """The best parameter that names a target, with all of its values on that level. `strict`: only what the call is named after."""
    best: tuple[int, int, str, str] | None = None
    values: dict[tuple[int, str], list[str]] = {}
    listed = service in TARGETS
    for position, (level, key, value) in enumerate(named(tree)):
        low = _LISTED.sub("", _plain(key))
        thing = _thing(service, call, key, low)
        strings = _strings(value)
        if thing is None or not strings or (strict and not _told(call, key, low) and not (listed and thing in {"*", "resource"})):
            continue
        values.setdefault((level, low), []).extend(strings)
        rank = (
            _rank(service, call, key, low, thing) - min(position, 9) - (50_000 if all(_ORDINAL.fullmatch(text) for text in strings) else 0)
        )
        rank -= 80_000 if _noun_in(low) != _noun_of(call) and all(_elsewhere(service, text) for text in strings) else 0
        if best is None or rank > best[0]:
            best = (rank, level, low, thing)
    if best is None:
        return []
    found = list(dict.fromkeys(values[best[1], best[2]]))
    # `id` and `name` stand in other things too: only the first is the target's.
    return [_resource(service, call, best[3], text) for text in (found[:1] if best[2] in _NOUNLESS else found)]


@lru_cache(maxsize=4096)
def _shortened(call: str, key: str) -> bool:
    """The call's noun with words left out, but not the last: actionGroupId of DeleteAgentActionGroup, at least two words of it."""
    words, said = _PARTS.findall(key[:1].upper() + key[1:64]), iter(_PARTS.findall(_VERB.sub("", call)))
    noun = words[:-1] if words and words[-1].lower() in _NOUNLESS else []
    return len(noun) > 1 and call.endswith(noun[-1]) and all(word in said for word in noun)


def _elsewhere(service: str, text: str) -> bool:
    """An ARN of another service: what is given to the target, or taken from it."""
    found = resource_of(text) if text.startswith("arn:") else None
    return found is not None and found.service != service_name(service)


def _thing(service: str, call: str, key: str, low: str) -> str | None:
    table = TARGETS.get(service)
    noun = _noun_of(call)
    # stageName of DeleteStage, whatever the table says; but a policy's text or a type is no target.
    own = (low.startswith(noun) and low.removeprefix(noun) in {"", *_NOUNLESS}) or (table is not None and _shortened(call, key))
    own = own and not noun.endswith(_NO_TARGETS) and not call.startswith(("Set", "Grant", "Revoke", "Put"))
    if table is None:
        if own:
            return _dashed(call)
        match = GENERIC.match(low)
        if match and match["noun"] not in _ASIDE:
            return _spelled(key, match["noun"])
        return "*" if low in _NOUNLESS else "resource" if low in {"resource", "resourcearnlist"} else None
    if low in table:
        return table[low]
    if own:
        return _dashed(call)
    return "resource" if low in {"resourcearn", "resource"} else None


def _told(call: str, key: str, low: str) -> int:
    """How much of the parameter's noun stands in the call's name: 0 where nothing does."""
    noun = _noun_in(low)
    about = _VERB.sub("", call).lower().removesuffix("s")
    return len(noun) if len(noun) > 2 and (noun in call.lower() or (about and noun.startswith(about)) or _shortened(call, key)) else 0


def _noun_in(low: str) -> str:
    """stage in stagename."""
    return re.sub(r"(ids?|names?|arns?|identifiers?)$", "", low)


def _rank(service: str, call: str, key: str, low: str, thing: str) -> int:
    """What the call is known to be about, then a noun of its own name, then the table's order."""
    order = list(TARGETS.get(service, {}))
    place = 60 - order.index(low) if low in order else 0
    told = _told(call, key, low) or (1 if low in _NOUNLESS and thing == "*" else 0)
    known = (SPECIAL.get(f"{call}@{service}") or SPECIAL.get(call)) in {f"{service}:{thing}", thing}
    # the snapshot of DeleteApplicationSnapshot, not the application; but the connection of RemoveConnectionFromLag
    last = (
        service != "iam"
        and told > 2
        and not _HANGS_ON.search(call)
        and (_shortened(call, key) or _noun_of(call).removesuffix("s").endswith(_noun_in(low)))
    )
    return (100_000 if known else 0) + (40_000 if last else 0) + (min(told, 1) if service == "iam" else told) * 1000 + place * 10


def _plain(key: str) -> str:
    """volumeid for volumeId, volume-id and volume_id."""
    return key.lower().replace("-", "").replace("_", "")


def _strings(value: JsonValue) -> list[str]:
    """A string, a list of them, or EC2's newer form of either: {"tag": 1, "content": "vpce-0a"}."""
    items = value if isinstance(value, list) else [value]
    inner = [item.get("content") if isinstance(item, dict) else item for item in items]
    return [item for item in inner if isinstance(item, str) and item.strip()]


def _resource(service: str, call: str, thing: str, text: str) -> Resource:
    if is_arn(text):
        found = resource_of(text)
        if found is not None and not (service in {"secretsmanager", "iam"} and found.type.endswith(":resource")):
            return found
    special = SPECIAL.get(call)
    if thing == "*":
        return Resource(type=_guessed(service, call), id=text.strip())
    if service == "ec2" and thing == "resource":
        return Resource(type=ec2_type(text.strip()), id=text.strip())
    if service == "ssm" and text.startswith("mi-"):
        return Resource(type="ssm:managed-instance", id=text.strip())
    kind = thing if ":" in thing else special if special and special.endswith(f":{thing}") else f"{service_name(service)}:{thing}"
    return Resource(type="cloudwatch:alarm" if kind == "monitoring:alarm" else kind, id=text.strip())


def _about(service: str, call: str) -> str | None:
    """The thing of the service's table that stands in the call's name, the longest where several do."""
    low = call.lower()
    things = {t for t in TARGETS.get(service, {}).values() if t not in {"*", "resource"} and ":" not in t and t.replace("-", "") in low}
    best = max(things, key=lambda thing: (len(thing), thing), default=None)
    return f"{service_name(service)}:{best}" if best else None


def _guessed(service: str, call: str) -> str:
    return f"{service_name(service)}:{_dashed(call)}"


def _spelled(key: str, noun: str) -> str:
    """replication-group for the noun of replicationGroupId, as its calls are spelt."""
    parts, said = _PARTS.findall(key[:1].upper() + key[1:]), ""
    for count, part in enumerate(parts, start=1):
        said += part.lower()
        if said == noun:
            return "-".join(one.lower() for one in parts[:count])
    return noun


def _noun_of(call: str) -> str:
    """What follows the verb: stage in DeleteStage."""
    return _VERB.sub("", call).lower() or "-"


def _dashed(call: str) -> str:
    return "-".join(part.lower() for part in _PARTS.findall(_VERB.sub("", call))) or "resource"


def _in_message(service: str, message: str) -> list[Resource]:
    """`... is not authorized to perform: x:Y on resource: arn:...` names what was refused."""
    found = [resource_of(text.rstrip(".")) for text in _ARN_IN_TEXT.findall(message)]
    return [one for one in found if one is not None and one.service == service_name(service) and one.id not in {UNKNOWN, "*"}]

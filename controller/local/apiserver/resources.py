"""Which resources the server has: the built-in ones, and those that CustomResourceDefinitions add.

Everything that discovery says, and every path that the server answers, follows from this table. Its
rows are the resources of a Kubernetes 1.36 API server, as its discovery documents list them (see
tests/transcripts/apiserver/01-discovery.json), in its order.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

FULL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_CHANGE = ("get", "patch", "update")
_PROXY = ("create", "delete", "get", "patch", "update")


class GroupVersion(NamedTuple):
    """An API group (empty for core) and one of its versions."""

    group: str
    version: str

    def __str__(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @classmethod
    def parse(cls, text: str) -> "GroupVersion":
        """Read an `apiVersion`."""
        group, _, version = text.rpartition("/")
        return cls(group, version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """A part of an object with its own path: its kind, and its own group if that differs."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One plural of one version, with all that discovery tells of it."""

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    list_kind: str
    namespaced: bool
    verbs: tuple[str, ...] = FULL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: Mapping[str, Subresource] = field(default_factory=dict)
    custom: Mapping[str, Any] | None = None
    """For a custom resource: the version's entry in its CustomResourceDefinition."""

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage_key(self) -> str:
        """The name its objects are stored under; versions of one resource share it."""
        # events.k8s.io is a second door to the core events; both read and write the same objects.
        group = "" if self.group == "events.k8s.io" else self.group
        return f"{self.plural}.{group}" if group else self.plural

    @property
    def qualified(self) -> str:
        """The name in error messages: `deployments.apps`, or `configmaps` in the core group."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """The kind in error messages: `Deployment.apps`, or `ConfigMap` in the core group."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def storage_hash(self) -> str:
        """The hash by which clients see that two versions are stored alike."""
        text = f"{self.group}/{self.version}/{self.kind}".encode()
        return base64.b64encode(hashlib.sha256(text).digest()[:8]).decode()


# One line a resource: plural, kind, N(amespaced) or C(luster), then verbs when not all, and
# short=…, cat=…, sub=… as comma-separated lists.
_BUILT_IN = """
= v1
bindings Binding N verbs=create
componentstatuses ComponentStatus C verbs=get,list short=cs
configmaps ConfigMap N short=cm
endpoints Endpoints N short=ep singular=endpoints
events Event N short=ev
limitranges LimitRange N short=limits
namespaces Namespace C short=ns verbs=create,delete,get,list,patch,update,watch sub=finalize,status
nodes Node C short=no sub=proxy,status
persistentvolumeclaims PersistentVolumeClaim N short=pvc sub=status
persistentvolumes PersistentVolume C short=pv sub=status
pods Pod N short=po cat=all sub=attach,binding,ephemeralcontainers,eviction,exec,log,portforward,\
proxy,resize,status
podtemplates PodTemplate N
replicationcontrollers ReplicationController N short=rc cat=all sub=scale,status
resourcequotas ResourceQuota N short=quota sub=status
secrets Secret N
serviceaccounts ServiceAccount N short=sa sub=token
services Service N short=svc cat=all sub=proxy,status
= apiregistration.k8s.io/v1
apiservices APIService C cat=api-extensions sub=status
= apps/v1
controllerrevisions ControllerRevision N
daemonsets DaemonSet N short=ds cat=all sub=status
deployments Deployment N short=deploy cat=all sub=scale,status
replicasets ReplicaSet N short=rs cat=all sub=scale,status
statefulsets StatefulSet N short=sts cat=all sub=scale,status
= events.k8s.io/v1
events Event N short=ev
= authentication.k8s.io/v1
selfsubjectreviews SelfSubjectReview C verbs=create
tokenreviews TokenReview C verbs=create
= authorization.k8s.io/v1
localsubjectaccessreviews LocalSubjectAccessReview N verbs=create
selfsubjectaccessreviews SelfSubjectAccessReview C verbs=create
selfsubjectrulesreviews SelfSubjectRulesReview C verbs=create
subjectaccessreviews SubjectAccessReview C verbs=create
= autoscaling/v2
horizontalpodautoscalers HorizontalPodAutoscaler N short=hpa cat=all sub=status
= autoscaling/v1
horizontalpodautoscalers HorizontalPodAutoscaler N short=hpa cat=all sub=status
= batch/v1
cronjobs CronJob N short=cj cat=all sub=status
jobs Job N cat=all sub=status
= certificates.k8s.io/v1
certificatesigningrequests CertificateSigningRequest C short=csr sub=approval,status
= networking.k8s.io/v1
ingressclasses IngressClass C
ingresses Ingress N short=ing sub=status
ipaddresses IPAddress C short=ip
networkpolicies NetworkPolicy N short=netpol
servicecidrs ServiceCIDR C sub=status
= policy/v1
poddisruptionbudgets PodDisruptionBudget N short=pdb sub=status
= rbac.authorization.k8s.io/v1
clusterrolebindings ClusterRoleBinding C
clusterroles ClusterRole C
rolebindings RoleBinding N
roles Role N
= storage.k8s.io/v1
csidrivers CSIDriver C
csinodes CSINode C
csistoragecapacities CSIStorageCapacity N
storageclasses StorageClass C short=sc
volumeattachments VolumeAttachment C sub=status
volumeattributesclasses VolumeAttributesClass C short=vac
= admissionregistration.k8s.io/v1
mutatingadmissionpolicies MutatingAdmissionPolicy C cat=api-extensions
mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding C cat=api-extensions
mutatingwebhookconfigurations MutatingWebhookConfiguration C cat=api-extensions
validatingadmissionpolicies ValidatingAdmissionPolicy C cat=api-extensions sub=status
validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding C cat=api-extensions
validatingwebhookconfigurations ValidatingWebhookConfiguration C cat=api-extensions
= apiextensions.k8s.io/v1
customresourcedefinitions CustomResourceDefinition C short=crd,crds cat=api-extensions sub=status
= scheduling.k8s.io/v1
priorityclasses PriorityClass C short=pc
= coordination.k8s.io/v1
leases Lease N
= node.k8s.io/v1
runtimeclasses RuntimeClass C
= discovery.k8s.io/v1
endpointslices EndpointSlice N
= resource.k8s.io/v1
deviceclasses DeviceClass C
resourceclaims ResourceClaim N sub=status
resourceclaimtemplates ResourceClaimTemplate N
resourceslices ResourceSlice C
= flowcontrol.apiserver.k8s.io/v1
flowschemas FlowSchema C sub=status
prioritylevelconfigurations PriorityLevelConfiguration C sub=status
"""

# Subresources whose kind is not their resource's: kind, group, version, verbs.
_SPECIAL = {
    "nodes/proxy": ("NodeProxyOptions", "", "", _PROXY),
    "pods/attach": ("PodAttachOptions", "", "", ("create", "get")),
    "pods/binding": ("Binding", "", "", ("create",)),
    "pods/eviction": ("Eviction", "policy", "v1", ("create",)),
    "pods/exec": ("PodExecOptions", "", "", ("create", "get")),
    "pods/log": ("Pod", "", "", ("get",)),
    "pods/portforward": ("PodPortForwardOptions", "", "", ("create", "get")),
    "pods/proxy": ("PodProxyOptions", "", "", _PROXY),
    "services/proxy": ("ServiceProxyOptions", "", "", _PROXY),
    "serviceaccounts/token": ("TokenRequest", "authentication.k8s.io", "v1", ("create",)),
    "namespaces/finalize": ("Namespace", "", "", ("update",)),
}


def _subresource(plural: str, kind: str, name: str) -> Subresource:
    if name == "scale":
        return Subresource(
            name=name, kind="Scale", group="autoscaling", version="v1", verbs=_CHANGE
        )
    special = _SPECIAL.get(f"{plural}/{name}", (kind, "", "", _CHANGE))
    return Subresource(
        name=name, kind=special[0], group=special[1], version=special[2], verbs=special[3]
    )


def _parse(line: str, place: GroupVersion) -> Resource:
    plural, kind, scope, *rest = line.split()
    said = {
        key: tuple(value.split(",")) for key, _, value in (word.partition("=") for word in rest)
    }
    return Resource(
        group=place.group,
        version=place.version,
        plural=plural,
        singular=said.get("singular", (kind.lower(),))[0],
        kind=kind,
        list_kind=f"{kind}List",
        namespaced=scope == "N",
        verbs=said.get("verbs", FULL_VERBS),
        short_names=said.get("short", ()),
        categories=said.get("cat", ()),
        subresources={name: _subresource(plural, kind, name) for name in said.get("sub", ())},
    )


def built_in() -> Iterator[Resource]:
    """Give the resources that every server has, in the order of discovery."""
    place = GroupVersion("", "")
    for line in _BUILT_IN.strip().splitlines():
        if line.startswith("= "):
            place = GroupVersion.parse(line[2:])
        else:
            yield _parse(line, place)


class Registry:
    """All resources of the server, by path and by name; custom resources come and go."""

    def __init__(self) -> None:
        self._built_in = tuple(built_in())
        self._custom: dict[str, tuple[Resource, ...]] = {}
        self._index: dict[tuple[str, str, str], Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self._kinds: dict[tuple[str, str, str], Resource] = {}
        self.generation = 0
        """Counts changes, so that whoever derives something from the registry can keep it."""
        self._rebuild()

    def _rebuild(self) -> None:
        self.generation += 1
        self._index = {(r.group, r.version, r.plural): r for r in self}
        self._kinds = {(r.group, r.version, r.kind): r for r in self}
        self._by_name = {}
        for resource in self:
            self._by_name.setdefault(resource.qualified, resource)

    def __iter__(self) -> Iterator[Resource]:
        yield from self._built_in
        for resources in self._custom.values():
            yield from resources

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Give the resource behind a path, if there is one."""
        return self._index.get((group, version, plural))

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """Give the resource of an object's `apiVersion` and `kind`."""
        group, version = GroupVersion.parse(api_version)
        return self._kinds.get((group, version, kind))

    def by_name(self, qualified: str) -> Resource:
        """Give the preferred version of `plural` or `plural.group`.

        Raises:
            KeyError: there is no such resource.
        """
        return self._by_name[qualified]

    def by_storage_key(self, key: str) -> Resource | None:
        """Give a resource whose objects are stored under a key."""
        return self._by_name.get(key)

    def group_versions(self) -> dict[str, list[str]]:
        """Give every group with its versions, the preferred one first."""
        found: dict[str, list[str]] = {}
        for resource in self:
            versions = found.setdefault(resource.group, [])
            if resource.version not in versions:
                versions.append(resource.version)
        return found

    def of(self, group: str, version: str) -> list[Resource]:
        """Give the resources of one group and version, by name."""
        chosen = (r for r in self if (r.group, r.version) == (group, version))
        return sorted(chosen, key=lambda resource: resource.plural)

    def add_custom(self, name: str, resources: tuple[Resource, ...]) -> None:
        """Serve the resources of one CustomResourceDefinition, in place of what it had before."""
        self._custom[name] = resources
        self._rebuild()

    def remove_custom(self, name: str) -> None:
        """Stop serving the resources of one CustomResourceDefinition."""
        if self._custom.pop(name, None) is not None:
            self._rebuild()

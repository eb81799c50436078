"""Kinds that run nothing: addresses, values, rights, policies, definitions of kinds."""

from controller.local.apiserver import errors
from controller.local.apiserver.validation import common
from controller.local.apiserver.validation.common import Found, Value


def service(value: Value) -> Found:
    """Check a Service."""
    spec = value["spec"]
    ports = spec.get("ports", ())
    if not ports and spec.get("clusterIP") != "None" and spec["type"] != "ExternalName":
        yield errors.required("spec.ports")
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    if spec["type"] not in kinds:
        yield errors.not_supported("spec.type", spec["type"], kinds)
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        yield errors.required("spec.externalName")
    names: set[str] = set()
    for at, port in enumerate(ports):
        yield from _service_port(port, f"spec.ports[{at}]", names, is_only=len(ports) == 1)
    yield from common.check_labels(spec.get("selector", {}), "spec.selector")


def _service_port(port: Value, place: str, names: set[str], *, is_only: bool) -> Found:
    name = port.get("name", "")
    if not name and not is_only:
        yield errors.required(f"{place}.name")
    elif name:
        yield from common.check_text(name, common.LABEL, common.LABEL_TEXT, f"{place}.name", 63)
        if name in names:
            yield errors.duplicate(f"{place}.name", name)
        names.add(name)
    yield from common.check_port_number(port.get("port"), f"{place}.port")
    if port.get("protocol") not in common.PROTOCOLS:
        yield errors.not_supported(f"{place}.protocol", port.get("protocol"), common.PROTOCOLS)
    yield from common.check_port(port.get("targetPort"), f"{place}.targetPort")


def config_map(value: Value) -> Found:
    """Check a ConfigMap."""
    for name in ("data", "binaryData"):
        for key in value.get(name, {}):
            yield from common.check_config_key(key, f"{name}[{key}]")
    for key in set(value.get("data", {})) & set(value.get("binaryData", {})):
        yield errors.invalid_value(f"data[{key}]", "", "duplicate of key present in binaryData")


def secret(value: Value) -> Found:
    """Check a Secret."""
    for key in value.get("data", {}):
        yield from common.check_config_key(key, f"data[{key}]")
    if value.get("type") == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in value.get("data", {}):
                yield errors.required(f"data[{key}]")


def lease(value: Value) -> Found:
    """Check a Lease."""
    spec = value["spec"]
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        yield errors.invalid_value("spec.leaseDurationSeconds", duration, "must be greater than 0")
    yield from common.check_not_negative(spec, "spec", "leaseTransitions")


def role(value: Value) -> Found:
    """Check a Role or ClusterRole."""
    for at, rule in enumerate(value.get("rules") or ()):
        place = f"rules[{at}]"
        if not rule.get("verbs"):
            yield errors.required(f"{place}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            continue
        if not rule.get("apiGroups"):
            why = "resource rules must supply at least one api group"
            yield errors.required(f"{place}.apiGroups", why)
        if not rule.get("resources"):
            why = "resource rules must supply at least one resource"
            yield errors.required(f"{place}.resources", why)


def role_binding(value: Value) -> Found:
    """Check a RoleBinding or ClusterRoleBinding."""
    reference = value["roleRef"]
    if reference.get("kind") not in {"Role", "ClusterRole"}:
        kinds = ["ClusterRole", "Role"]
        yield errors.not_supported("roleRef.kind", reference.get("kind", ""), kinds)
    if not reference.get("name"):
        yield errors.required("roleRef.name")
    for at, subject in enumerate(value.get("subjects", ())):
        if not subject.get("name"):
            yield errors.required(f"subjects[{at}].name")
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            yield errors.required(f"subjects[{at}].namespace")


def autoscaler(value: Value) -> Found:
    """Check a HorizontalPodAutoscaler."""
    spec = value["spec"]
    smallest, largest = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if smallest < 1:
        why = "must be greater than or equal to 1"
        yield errors.invalid_value("spec.minReplicas", smallest, why)
    if largest < 1:
        yield errors.invalid_value("spec.maxReplicas", largest, "must be greater than 0")
    if largest < smallest:
        why = "must be greater than or equal to `minReplicas`"
        yield errors.invalid_value("spec.maxReplicas", largest, why)
    for name in ("kind", "name"):
        if not spec["scaleTargetRef"].get(name):
            yield errors.required(f"spec.scaleTargetRef.{name}")


def budget(value: Value) -> Found:
    """Check a PodDisruptionBudget."""
    spec = value["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        why = "minAvailable and maxUnavailable cannot be both set"
        yield errors.invalid_value("spec", spec, why)
    for name in ("minAvailable", "maxUnavailable"):
        if name in spec:
            yield from common.check_share(spec[name], f"spec.{name}")
            yield from common.check_not_over_all(spec[name], f"spec.{name}")
    if "selector" in spec:
        yield from common.check_label_selector(spec["selector"], "spec.selector")


def network_policy(value: Value) -> Found:
    """Check a NetworkPolicy."""
    spec = value["spec"]
    yield from common.check_label_selector(spec["podSelector"], "spec.podSelector")
    for at, kind in enumerate(spec.get("policyTypes", ())):
        if kind not in {"Ingress", "Egress"}:
            place = f"spec.policyTypes[{at}]"
            yield errors.not_supported(place, kind, ["Egress", "Ingress"])


def definition(value: Value) -> Found:
    """Check a CustomResourceDefinition."""
    spec, names = value["spec"], value["spec"]["names"]
    name, wanted = value["metadata"]["name"], f"{names.get('plural', '')}.{spec.get('group', '')}"
    if name != wanted:
        yield errors.invalid_value(
            "metadata.name", name, 'must be spec.names.plural+"."+spec.group'
        )
    for field in ("group",):
        if not spec.get(field):
            yield errors.required(f"spec.{field}")
    if spec.get("scope") not in {"Cluster", "Namespaced"}:
        yield errors.not_supported("spec.scope", spec.get("scope", ""), ["Cluster", "Namespaced"])
    for field in ("plural", "kind"):
        if not names.get(field):
            yield errors.required(f"spec.names.{field}")
    versions = spec.get("versions") or ()
    if sum(bool(version.get("storage")) for version in versions) != 1:
        why = "must have exactly one version marked as storage version"
        yield errors.invalid_value("spec.versions", versions, why)
    for at, version in enumerate(versions):
        if "openAPIV3Schema" not in version.get("schema", {}):
            place = f"spec.versions[{at}].schema.openAPIV3Schema"
            yield errors.required(place, "schemas are required")

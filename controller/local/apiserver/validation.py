"""The faults that the real server finds in objects of the built-in kinds, in its words.

A selection of k8s.io/kubernetes `pkg/apis/*/validation`: the rules that people run into. What a
schema can say (types, unknown fields) is checked by `decoding`; here stand the rules beyond it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from controller.local.apiserver import errors, quantity
from controller.local.apiserver.errors import Cause
from controller.local.apiserver.resources import Resource

Value: TypeAlias = Mapping[str, Any]
Found: TypeAlias = Iterator[Cause]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
    " and must start and end with an alphanumeric character (e.g. 'example.com', regex used for"
    rf" validation is '{_SUBDOMAIN}')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must"
    " start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for"
    f" validation is '{_LABEL}')"
)
_LABEL_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an"
    " alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123',"
    f" regex used for validation is '{_LABEL_1035}')"
)
_LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or"
    f" '12345', regex used for validation is '{_LABEL_VALUE}')"
)
_NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_NAME_PART_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end"
    " with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for"
    f" validation is '{_NAME_PART}')"
)
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',"
    f"  or 'KEY_NAME',  or 'key-name', regex used for validation is '{_CONFIG_KEY}')"
)
_ENVIRONMENT_NAME = "[ -<>-~]+"
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_IMMUTABLE = "field is immutable"
_FINALIZERS = ("foregroundDeletion", "kubernetes", "orphan")


def validate_create(resource: Resource, value: Value) -> list[Cause]:
    """Find all faults of an object that is about to be created."""
    return [*_metadata(resource, value), *_of_kind(resource, value)]


def validate_update(resource: Resource, value: Value, live: Value) -> list[Cause]:
    """Find all faults of an object that is about to replace another."""
    found = [*_metadata(resource, value), *_of_kind(resource, value)]
    step = _UPDATES.get(resource.storage_key)
    return [*found, *step(value, live)] if step else found


def validate_metadata(resource: Resource, value: Value) -> list[Cause]:
    """Find the faults in an object's metadata."""
    return list(_metadata(resource, value))


def validate_deletion(value: Value, live: Value) -> list[Cause]:
    """Find what may not change once an object is being deleted."""
    if "deletionTimestamp" not in live["metadata"]:
        return []
    before = live["metadata"].get("finalizers", ())
    added = [name for name in value["metadata"].get("finalizers", ()) if name not in before]
    if not added:
        return []
    listed = ", ".join(f'"{name}"' for name in added)
    why = (
        "no new finalizers can be added if the object is being deleted, found new finalizers"
        f" []string{{{listed}}}"
    )
    return [errors.forbidden_field("metadata.finalizers", why)]


def _of_kind(resource: Resource, value: Value) -> Found:
    step = _KINDS.get(resource.storage_key)
    if step is not None:
        yield from step(value)


def _metadata(resource: Resource, value: Value) -> Found:
    metadata = value["metadata"]
    yield from _name(resource, str(metadata.get("name", "")))
    yield from _labels(metadata.get("labels", {}), "metadata.labels")
    for key in metadata.get("annotations", {}):
        yield from _qualified(key.lower(), "metadata.annotations", shown=key)
    for at, finalizer in enumerate(metadata.get("finalizers", ())):
        yield from _qualified(finalizer, "metadata.finalizers")
        if resource.custom is None and "/" not in finalizer and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield errors.invalid_value(f"metadata.finalizers[{at}]", finalizer, why)
    for at, owner in enumerate(metadata.get("ownerReferences", ())):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                place = f"metadata.ownerReferences[{at}].{name}"
                what = "version " if name == "apiVersion" else ""
                yield errors.invalid_value(place, owner.get(name, ""), f"{what}must not be empty")


def _name(resource: Resource, name: str) -> Found:
    place = "metadata.name"
    if resource.group == "rbac.authorization.k8s.io":
        for bad in ("/", "%"):
            if bad in name:
                yield errors.invalid_value(place, name, f"may not contain '{bad}'")
        return
    if resource.storage_key == "namespaces":
        yield from _matches(name, _LABEL, _LABEL_TEXT, place, 63)
    elif resource.storage_key == "services":
        # Since 1.34 a service may begin with a digit behind a feature gate; the default is this.
        yield from _matches(name, _LABEL_1035, _LABEL_1035_TEXT, place, 63)
    else:
        yield from _matches(name, _SUBDOMAIN, _SUBDOMAIN_TEXT, place, 253)


def _matches(text: str, pattern: str, why: str, place: str, longest: int) -> Found:
    if len(text) > longest:
        yield errors.invalid_value(place, text, f"must be no more than {longest} bytes")
    if not re.fullmatch(pattern, text):
        yield errors.invalid_value(place, text, why)


def _labels(labels: Value, place: str) -> Found:
    for key, value in sorted(labels.items()):
        yield from _qualified(key, place)
        if not re.fullmatch(_LABEL_VALUE, value):
            yield errors.invalid_value(place, value, _LABEL_VALUE_TEXT)
        if len(value) > 63:
            yield errors.invalid_value(place, value, "must be no more than 63 bytes")


def _qualified(key: str, place: str, shown: str = "") -> Found:
    prefix, slash, name = key.rpartition("/")
    told = shown or key
    if slash and not re.fullmatch(_SUBDOMAIN, prefix):
        yield errors.invalid_value(place, told, f"prefix part {_SUBDOMAIN_TEXT}")
    if not name:
        yield errors.invalid_value(place, told, "name part must be non-empty")
    if len(name) > 63:
        yield errors.invalid_value(place, told, "name part must be no more than 63 bytes")
    if not re.fullmatch(_NAME_PART, name):
        yield errors.invalid_value(place, told, _NAME_PART_TEXT)


def _selector(selector: Value | None, place: str, what: str) -> Found:
    if selector is None:
        yield errors.required(place)
        return
    yield from _label_selector(selector, place)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield errors.invalid_value(place, selector, f"empty selector is invalid for {what}")


def _label_selector(selector: Value, place: str) -> Found:
    yield from _labels(selector.get("matchLabels", {}), f"{place}.matchLabels")
    for at, expression in enumerate(selector.get("matchExpressions", ())):
        inner = f"{place}.matchExpressions[{at}]"
        operator, values = expression.get("operator"), expression.get("values")
        if operator in {"In", "NotIn"} and not values:
            why = "must be specified when `operator` is 'In' or 'NotIn'"
            yield errors.required(f"{inner}.values", why)
        if operator in {"Exists", "DoesNotExist"} and values:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield errors.forbidden_field(f"{inner}.values", why)
        if operator not in {"In", "NotIn", "Exists", "DoesNotExist"}:
            yield errors.invalid_value(
                f"{inner}.operator", operator, "not a valid selector operator"
            )


def _selects(selector: Value | None, labels: Value) -> bool:
    if selector is None:
        return False
    wanted = selector.get("matchLabels", {})
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    return all(_meets(e, labels) for e in selector.get("matchExpressions", ()))


def _meets(expression: Value, labels: Value) -> bool:
    value = labels.get(expression.get("key", ""))
    match expression.get("operator"):
        case "In":
            return value in expression.get("values", ())
        case "NotIn":
            return value not in expression.get("values", ())
        case "Exists":
            return value is not None
        case _:
            return value is None


def _template(spec: Value, selector: Value | None) -> Found:
    yield from _labels_match(spec, selector)
    yield from _pod_spec(spec["template"]["spec"], "spec.template.spec")


def _labels_match(spec: Value, selector: Value | None) -> Found:
    labels = spec["template"]["metadata"].get("labels")
    if not _selects(selector, labels or {}):
        why = "`selector` does not match template `labels`"
        yield errors.invalid_value("spec.template.metadata.labels", labels, why)
    yield from _labels(labels or {}, "spec.template.metadata.labels")


def _always_restarts(spec: Value) -> Found:
    policy = spec["template"]["spec"].get("restartPolicy")
    if policy in {"OnFailure", "Never"}:
        yield errors.not_supported("spec.template.spec.restartPolicy", policy, ["Always"])


def _not_negative(value: Value, place: str, *names: str) -> Found:
    for name in names:
        number = value.get(name)
        if isinstance(number, int) and number < 0:
            why = "must be greater than or equal to 0"
            yield errors.invalid_value(f"{place}.{name}", number, why)


def _deployment(value: Value) -> Found:
    spec = value["spec"]
    yield from _not_negative(spec, "spec", "replicas")
    yield from _selector(spec.get("selector"), "spec.selector", "deployment")
    yield from _template(spec, spec.get("selector"))
    yield from _always_restarts(spec)
    yield from _strategy(spec["strategy"], "spec.strategy", ("Recreate", "RollingUpdate"))
    names = ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    yield from _not_negative(spec, "spec", *names)
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        why = "must be greater than minReadySeconds"
        yield errors.invalid_value("spec.progressDeadlineSeconds", deadline, why)


def _strategy(strategy: Value, place: str, kinds: Sequence[str]) -> Found:
    kind = strategy.get("type")
    if kind not in kinds:
        yield errors.not_supported(f"{place}.type", kind, kinds)
    if kind == "Recreate" and "rollingUpdate" in strategy:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield errors.forbidden_field(f"{place}.rollingUpdate", why)
    rolling = strategy.get("rollingUpdate", {})
    if all(rolling.get(name) in {0, "0%"} for name in ("maxUnavailable", "maxSurge")):
        yield errors.invalid_value(
            f"{place}.rollingUpdate.maxUnavailable",
            rolling["maxUnavailable"],
            "may not be 0 when `maxSurge` is 0",
        )


def _replica_set(value: Value) -> Found:
    spec = value["spec"]
    yield from _not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from _selector(spec.get("selector"), "spec.selector", "deployment")
    yield from _template(spec, spec.get("selector"))
    yield from _always_restarts(spec)


def _stateful_set(value: Value) -> Found:
    spec = value["spec"]
    if spec.get("podManagementPolicy") not in {"OrderedReady", "Parallel"}:
        why = "must be 'OrderedReady' or 'Parallel'"
        yield errors.invalid_value("spec.podManagementPolicy", spec.get("podManagementPolicy"), why)
    yield from _not_negative(spec, "spec", "replicas", "minReadySeconds")
    yield from _selector(spec.get("selector"), "spec.selector", "statefulset")
    # The real server leaves the pod's own spec to the pods: the names of volumes may come from
    # volumeClaimTemplates (ValidatePodTemplateSpecForStatefulSet).
    yield from _labels_match(spec, spec.get("selector"))
    yield from _always_restarts(spec)


def _daemon_set(value: Value) -> Found:
    spec = value["spec"]
    yield from _selector(spec.get("selector"), "spec.selector", "daemonset")
    yield from _template(spec, spec.get("selector"))
    yield from _always_restarts(spec)


def _job(value: Value) -> Found:
    spec = value["spec"]
    names = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit")
    yield from _not_negative(spec, "spec", *names, "ttlSecondsAfterFinished")
    yield from _pod_spec(spec["template"]["spec"], "spec.template.spec")
    policy = spec["template"]["spec"].get("restartPolicy")
    if policy == "Always":
        # The real server defaults to Always and then asks for a choice.
        place = "spec.template.spec.restartPolicy"
        yield errors.required(place, 'valid values: "OnFailure", "Never"')


def _pod(value: Value) -> Found:
    yield from _pod_spec(value["spec"], "spec")


def _pod_spec(spec: Value, place: str) -> Found:
    volumes = [volume.get("name", "") for volume in spec.get("volumes", ())]
    yield from _unique_names(volumes, f"{place}.volumes")
    containers = spec.get("containers") or ()
    if not containers:
        yield errors.required(f"{place}.containers")
    yield from _containers(containers, f"{place}.containers", volumes)
    yield from _containers(spec.get("initContainers", ()), f"{place}.initContainers", volumes)
    names = [c.get("name") for c in (*containers, *spec.get("initContainers", ()))]
    for at, name in enumerate(names[len(containers) :]):
        if name in names[: len(containers)]:
            yield errors.duplicate(f"{place}.initContainers[{at}].name", name)
    if spec.get("restartPolicy") not in _RESTART_POLICIES:
        policy = spec.get("restartPolicy")
        yield errors.not_supported(f"{place}.restartPolicy", policy, _RESTART_POLICIES)
    yield from _not_negative(spec, place, "terminationGracePeriodSeconds")


def _unique_names(names: Sequence[str], place: str) -> Found:
    for at, name in enumerate(names):
        inner = f"{place}[{at}].name"
        if not name:
            yield errors.required(inner)
        elif name in names[:at]:
            yield errors.duplicate(inner, name)
        else:
            yield from _matches(name, _LABEL, _LABEL_TEXT, inner, 63)


def _containers(containers: Sequence[Value], place: str, volumes: Sequence[str]) -> Found:
    yield from _unique_names([c.get("name", "") for c in containers], place)
    for at, container in enumerate(containers):
        yield from _container(container, f"{place}[{at}]", volumes)


def _container(container: Value, place: str, volumes: Sequence[str]) -> Found:
    yield from _image(container.get("image", ""), f"{place}.image")
    for at, port in enumerate(container.get("ports", ())):
        yield from _container_port(port, f"{place}.ports[{at}]")
    for at, entry in enumerate(container.get("env", ())):
        yield from _environment(entry, f"{place}.env[{at}]")
    policy = container.get("imagePullPolicy")
    if policy not in _PULL_POLICIES:
        yield errors.not_supported(f"{place}.imagePullPolicy", policy, _PULL_POLICIES)
    yield from _mounts(container.get("volumeMounts", ()), f"{place}.volumeMounts", volumes)
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            yield from _probe(container[probe], f"{place}.{probe}")
    yield from _resources(container["resources"], f"{place}.resources")


def _image(image: str, place: str) -> Found:
    if not image:
        yield errors.required(place)
    elif image != image.strip():
        yield errors.invalid_value(place, image, "must not have leading or trailing whitespace")


def _mounts(mounts: Sequence[Value], place: str, volumes: Sequence[str]) -> Found:
    for at, mount in enumerate(mounts):
        inner = f"{place}[{at}]"
        if mount.get("name") not in volumes:
            missing = f'Not found: "{mount.get("name")}"'
            yield Cause("FieldValueNotFound", f"{inner}.name", missing)
        if not mount.get("mountPath"):
            yield errors.required(f"{inner}.mountPath")


def _probe(probe: Value, place: str) -> Found:
    handlers = [name for name in ("exec", "httpGet", "tcpSocket", "grpc") if name in probe]
    if not handlers:
        yield errors.required(place, "must specify a handler type")
    for extra in handlers[1:]:
        why = "may not specify more than 1 handler type"
        yield errors.forbidden_field(f"{place}.{extra}", why)


def _container_port(port: Value, place: str) -> Found:
    number = port.get("containerPort", 0)
    if not number:
        yield errors.required(f"{place}.containerPort")
    else:
        yield from _port_number(number, f"{place}.containerPort")
    if port.get("protocol") not in _PROTOCOLS:
        yield errors.not_supported(f"{place}.protocol", port.get("protocol"), _PROTOCOLS)
    name = port.get("name")
    if name is not None and len(name) > 15:
        yield errors.invalid_value(f"{place}.name", name, "must be no more than 15 characters")


def _port_number(number: Any, place: str) -> Found:
    if isinstance(number, int) and not 1 <= number <= 65535:
        yield errors.invalid_value(place, number, "must be between 1 and 65535, inclusive")


def _environment(entry: Value, place: str) -> Found:
    name = entry.get("name", "")
    if not name:
        yield errors.required(f"{place}.name")
    elif not re.fullmatch(_ENVIRONMENT_NAME, name):
        why = (
            "a valid environment variable name must consist only of printable ASCII characters"
            " other than '='"
        )
        yield errors.invalid_value(f"{place}.name", name, why)
    source = entry.get("valueFrom")
    if source is not None and entry.get("value"):
        why = "may not be specified when `value` is not empty"
        yield errors.invalid_value(f"{place}.valueFrom", "", why)
    if source is not None and len(source) > 1:
        why = "may not have more than one field specified at a time"
        yield errors.invalid_value(f"{place}.valueFrom", "", why)


def _resources(resources: Value, place: str) -> Found:
    limits = resources.get("limits", {})
    for name, amount in resources.get("requests", {}).items():
        limit = limits.get(name)
        if limit is not None and quantity.parse(amount) > quantity.parse(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield errors.invalid_value(f"{place}.requests", amount, why)


def _service(value: Value) -> Found:
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
    yield from _labels(spec.get("selector", {}), "spec.selector")


def _service_port(port: Value, place: str, names: set[str], *, is_only: bool) -> Found:
    name = port.get("name", "")
    if not name and not is_only:
        yield errors.required(f"{place}.name")
    elif name:
        yield from _matches(name, _LABEL, _LABEL_TEXT, f"{place}.name", 63)
        if name in names:
            yield errors.duplicate(f"{place}.name", name)
        names.add(name)
    yield from _port_number(port.get("port"), f"{place}.port")
    if port.get("protocol") not in _PROTOCOLS:
        yield errors.not_supported(f"{place}.protocol", port.get("protocol"), _PROTOCOLS)
    yield from _port_number(port.get("targetPort"), f"{place}.targetPort")


def _config_map(value: Value) -> Found:
    for name in ("data", "binaryData"):
        for key in value.get(name, {}):
            yield from _matches(key, _CONFIG_KEY, _CONFIG_KEY_TEXT, f"{name}[{key}]", 253)
    for key in set(value.get("data", {})) & set(value.get("binaryData", {})):
        yield errors.invalid_value(f"data[{key}]", "", "duplicate of key present in binaryData")


def _secret(value: Value) -> Found:
    for key in value.get("data", {}):
        yield from _matches(key, _CONFIG_KEY, _CONFIG_KEY_TEXT, f"data[{key}]", 253)
    if value.get("type") == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in value.get("data", {}):
                yield errors.required(f"data[{key}]")


def _lease(value: Value) -> Found:
    spec = value["spec"]
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        yield errors.invalid_value("spec.leaseDurationSeconds", duration, "must be greater than 0")
    yield from _not_negative(spec, "spec", "leaseTransitions")


def _role(value: Value) -> Found:
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


def _role_binding(value: Value) -> Found:
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


def _autoscaler(value: Value) -> Found:
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


def _budget(value: Value) -> Found:
    spec = value["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        why = "minAvailable and maxUnavailable cannot be both set"
        yield errors.invalid_value("spec", spec, why)
    if "selector" in spec:
        yield from _label_selector(spec["selector"], "spec.selector")


def _network_policy(value: Value) -> Found:
    spec = value["spec"]
    yield from _label_selector(spec["podSelector"], "spec.podSelector")
    for at, kind in enumerate(spec.get("policyTypes", ())):
        if kind not in {"Ingress", "Egress"}:
            place = f"spec.policyTypes[{at}]"
            yield errors.not_supported(place, kind, ["Egress", "Ingress"])


def _definition(value: Value) -> Found:
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


def _immutable(place: str) -> Callable[[Value, Value], Found]:
    def check(value: Value, live: Value) -> Found:
        new, old = _at(value, place), _at(live, place)
        if new != old:
            yield errors.invalid_value(place, new, _IMMUTABLE)

    return check


def _at(value: Any, place: str) -> Any:
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _update_config_map(value: Value, live: Value) -> Found:
    if live.get("immutable"):
        why = "field is immutable when `immutable` is set"
        for name in ("immutable", "data", "binaryData"):
            if value.get(name) != live.get(name):
                yield errors.forbidden_field(name, why)


def _update_secret(value: Value, live: Value) -> Found:
    if value.get("type") != live.get("type"):
        yield errors.invalid_value("type", value.get("type"), _IMMUTABLE)
    if live.get("immutable") and value.get("data") != live.get("data"):
        yield errors.forbidden_field("data", "field is immutable when `immutable` is set")


def _update_service(value: Value, live: Value) -> Found:
    new, old = value["spec"].get("clusterIP"), live["spec"].get("clusterIP")
    if old and new != old and value["spec"]["type"] != "ExternalName":
        yield errors.invalid_value("spec.clusterIPs[0]", [new], "may not change once set")


_POD_MUTABLE = ("image",)
_POD_SPEC_MUTABLE = (
    "activeDeadlineSeconds",
    "tolerations",
    "terminationGracePeriodSeconds",
    "nodeName",
)


def _update_pod(value: Value, live: Value) -> Found:
    if _frozen_part(value["spec"]) != _frozen_part(live["spec"]):
        yield errors.forbidden_field(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,"
            " `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations`"
            " (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow"
            " it to be set to 1 if it was previously negative)",
        )


def _frozen_part(spec: Value) -> dict[str, Any]:
    frozen = {name: item for name, item in spec.items() if name not in _POD_SPEC_MUTABLE}
    for name in ("containers", "initContainers"):
        frozen[name] = [
            {field: item for field, item in container.items() if field not in _POD_MUTABLE}
            for container in spec.get(name) or ()
        ]
    return frozen


_STATEFUL_MUTABLE = frozenset(
    [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ]
)


def _update_stateful_set(value: Value, live: Value) -> Found:
    def fixed(spec: Value) -> dict[str, Any]:
        return {name: item for name, item in spec.items() if name not in _STATEFUL_MUTABLE}

    if fixed(value["spec"]) != fixed(live["spec"]):
        yield errors.forbidden_field(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
            " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and"
            " 'minReadySeconds' are forbidden",
        )


def _update_job(value: Value, live: Value) -> Found:
    for name in ("completions", "selector", "template", "completionMode"):
        new, old = value["spec"].get(name), live["spec"].get(name)
        if new != old:
            yield errors.invalid_value(f"spec.{name}", new, _IMMUTABLE)


def _update_role_binding(value: Value, live: Value) -> Found:
    if value["roleRef"] != live["roleRef"]:
        yield errors.invalid_value("roleRef", value["roleRef"], "cannot change roleRef")


_KINDS: dict[str, Callable[[Value], Found]] = {
    "clusterrolebindings.rbac.authorization.k8s.io": _role_binding,
    "clusterroles.rbac.authorization.k8s.io": _role,
    "configmaps": _config_map,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
    "daemonsets.apps": _daemon_set,
    "deployments.apps": _deployment,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "jobs.batch": _job,
    "leases.coordination.k8s.io": _lease,
    "networkpolicies.networking.k8s.io": _network_policy,
    "poddisruptionbudgets.policy": _budget,
    "pods": _pod,
    "replicasets.apps": _replica_set,
    "rolebindings.rbac.authorization.k8s.io": _role_binding,
    "roles.rbac.authorization.k8s.io": _role,
    "secrets": _secret,
    "services": _service,
    "statefulsets.apps": _stateful_set,
}
_UPDATES: dict[str, Callable[[Value, Value], Found]] = {
    "clusterrolebindings.rbac.authorization.k8s.io": _update_role_binding,
    "configmaps": _update_config_map,
    "deployments.apps": _immutable("spec.selector"),
    "jobs.batch": _update_job,
    "pods": _update_pod,
    "replicasets.apps": _immutable("spec.selector"),
    "rolebindings.rbac.authorization.k8s.io": _update_role_binding,
    "secrets": _update_secret,
    "services": _update_service,
    "statefulsets.apps": _update_stateful_set,
}

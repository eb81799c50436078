"""What a table's cells say, but for pods: functions of the object and the present time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from controller.local.apiserver import durations
from controller.local.apiserver.durations import Value

NONE = "<none>"


def at(path: str, missing: Any = "") -> Callable[[Value, datetime], Any]:
    """Give the cell that shows the value at a path of fields."""
    names = path.split(".")

    def cell(value: Value, _: datetime) -> Any:
        found: Any = value
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return missing if found is None else found

    return cell


def size(*names: str) -> Callable[[Value, datetime], Any]:
    """Give the cell that counts what is in lists or mappings of these names."""
    return lambda value, _: sum(len(value.get(name) or ()) for name in names)


def _template(value: Value) -> Value:
    spec = value["spec"].get("jobTemplate", {}).get("spec") or value["spec"]
    found: Value = spec.get("template", {}).get("spec", {})
    return found


def containers(value: Value, _: datetime) -> str:
    """Name the containers of a workload's template."""
    return ",".join(c["name"] for c in _template(value).get("containers") or ())


def images(value: Value, _: datetime) -> str:
    """Name the images of a workload's template."""
    return ",".join(c.get("image", "") for c in _template(value).get("containers") or ())


def format_selector(selector: Value | None) -> str:
    """Write a label selector as one line."""
    if not selector:
        return NONE
    parts = [f"{name}={text}" for name, text in sorted(selector.get("matchLabels", {}).items())]
    for expression in selector.get("matchExpressions", ()):
        key, values = expression["key"], ",".join(sorted(expression.get("values", ())))
        match expression["operator"]:
            case "Exists":
                parts.append(key)
            case "DoesNotExist":
                parts.append(f"!{key}")
            case operator:
                parts.append(f"{key} {operator.lower()} ({values})")
    return ",".join(parts) or NONE


def selector(path: str = "spec.selector") -> Callable[[Value, datetime], str]:
    """Give the cell that writes the label selector at a path."""
    found = at(path, None)
    return lambda value, now: format_selector(found(value, now))


def ready_of(wanted: str) -> Callable[[Value, datetime], str]:
    """Give the cell that sets ready replicas against a field of the spec."""

    def cell(value: Value, _: datetime) -> str:
        ready = value.get("status", {}).get("readyReplicas", 0)
        return f"{ready}/{value['spec'].get(wanted, 0)}"

    return cell


def job_status(value: Value, _: datetime) -> str:
    """Tell how a Job is doing in one word."""
    for condition in value["status"].get("conditions", ()):
        if condition["status"] == "True" and condition["type"] in {
            "Complete",
            "Failed",
            "Suspended",
        }:
            return str(condition["type"])
    if "deletionTimestamp" in value["metadata"]:
        return "Terminating"
    return "Suspended" if value["spec"].get("suspend") else "Running"


def job_completions(value: Value, _: datetime) -> str:
    """Set succeeded pods against those that a Job wants."""
    done, spec = value["status"].get("succeeded", 0), value["spec"]
    if spec.get("completions") is not None:
        return f"{done}/{spec['completions']}"
    parallel = spec.get("parallelism", 0)
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def job_duration(value: Value, now: datetime) -> str:
    """Tell how long a Job took, or takes."""
    begun, ended = value["status"].get("startTime"), value["status"].get("completionTime")
    if not begun:
        return ""
    return durations.since(begun, datetime.fromisoformat(ended).astimezone(UTC) if ended else now)


def suspended(value: Value, _: datetime) -> str:
    """Tell whether a CronJob is suspended."""
    return str(value["spec"].get("suspend", "<unset>"))


def last_scheduled(value: Value, now: datetime) -> str:
    """Tell how long ago a CronJob last ran."""
    time = value["status"].get("lastScheduleTime")
    return durations.since(time, now) if time else NONE


def service_ports(value: Value, _: datetime) -> str:
    """List a Service's ports."""
    parts = []
    for port in value["spec"].get("ports", ()):
        outer = f":{port['nodePort']}" if port.get("nodePort") else ""
        parts.append(f"{port['port']}{outer}/{port.get('protocol', 'TCP')}")
    return ",".join(parts) or NONE


def external_address(value: Value, _: datetime) -> str:
    """Tell where a Service is reached from outside."""
    spec = value["spec"]
    match spec.get("type"):
        case "LoadBalancer":
            given = value["status"].get("loadBalancer", {}).get("ingress", ())
            return ",".join(i.get("ip") or i.get("hostname", "") for i in given) or "<pending>"
        case "ExternalName":
            return str(spec.get("externalName", ""))
        case _:
            return ",".join(spec.get("externalIPs", ())) or NONE


def service_selector(value: Value, _: datetime) -> str:
    """Write a Service's selector."""
    return format_selector({"matchLabels": value["spec"].get("selector", {})})


def last_seen(value: Value, now: datetime) -> str:
    """Tell how long ago an Event happened last."""
    series = value.get("series") or {}
    moment = series.get("lastObservedTime") or value.get("lastTimestamp") or value.get("eventTime")
    return durations.since(moment or value["metadata"].get("creationTimestamp"), now)


def first_seen(value: Value, now: datetime) -> str:
    """Tell how long ago an Event happened first."""
    return durations.since(value.get("firstTimestamp") or value.get("eventTime"), now)


def event_object(value: Value, _: datetime) -> str:
    """Name what an Event is about."""
    involved = value.get("involvedObject", {})
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def event_source(value: Value, _: datetime) -> str:
    """Name who tells of an Event."""
    source = value.get("source") or {}
    parts = [source.get("component") or value.get("reportingComponent", ""), source.get("host", "")]
    return ", ".join(part for part in parts if part)


def slice_ports(value: Value, _: datetime) -> str:
    """List the ports of an EndpointSlice."""
    ports = [str(port.get("port", "*")) for port in value.get("ports") or ()]
    return _shortened(ports) or "<unset>"


def slice_addresses(value: Value, _: datetime) -> str:
    """List the addresses of an EndpointSlice."""
    found = [address for e in value.get("endpoints") or () for address in e.get("addresses", ())]
    return _shortened(found) or "<unset>"


def _shortened(items: list[str]) -> str:
    text = ",".join(items[:3])
    return f"{text} + {len(items) - 3} more..." if len(items) > 3 else text


def budget(name: str) -> Callable[[Value, datetime], str]:
    """Give the cell that shows a number of a PodDisruptionBudget."""
    return lambda value, _: str(value["spec"].get(name, "N/A"))


def scale_target(value: Value, _: datetime) -> str:
    """Name what an autoscaler scales."""
    target = value["spec"]["scaleTargetRef"]
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def scale_metrics(value: Value, _: datetime) -> str:
    """Set what an autoscaler measured against its targets."""
    measured = {
        metric["resource"]["name"]: metric["resource"]["current"].get("averageUtilization")
        for metric in value["status"].get("currentMetrics") or ()
        if "resource" in metric
    }
    parts = []
    for metric in value["spec"].get("metrics", ()):
        target = metric.get("resource", {}).get("target", {})
        if "averageUtilization" in target:
            name = metric["resource"].get("name", "")
            share = measured.get(name)
            now = durations.UNKNOWN if share is None else f"{share}%"
            parts.append(f"{name}: {now}/{target['averageUtilization']}%")
    return ", ".join(parts) or NONE


def role(value: Value, _: datetime) -> str:
    """Name the role of a binding."""
    reference = value["roleRef"]
    return f"{reference['kind']}/{reference['name']}"


def subjects(kind: str) -> Callable[[Value, datetime], str]:
    """Give the cell that lists a binding's subjects of a kind."""

    def cell(value: Value, _: datetime) -> str:
        found = [s for s in value.get("subjects", ()) if s.get("kind") == kind]
        place = kind == "ServiceAccount"
        return ", ".join(
            f"{s.get('namespace', '')}/{s['name']}" if place else s["name"] for s in found
        )

    return cell


def node_status(value: Value, _: datetime) -> str:
    """Tell how a Node is doing."""
    conditions = {c["type"]: c["status"] for c in value["status"].get("conditions", ())}
    state = {"True": "Ready", None: "Unknown"}.get(conditions.get("Ready"), "NotReady")
    return f"{state},SchedulingDisabled" if value["spec"].get("unschedulable") else state


def node_roles(value: Value, _: datetime) -> str:
    """List the roles of a Node."""
    prefix = "node-role.kubernetes.io/"
    found = [
        n.removeprefix(prefix) for n in value["metadata"].get("labels", {}) if n.startswith(prefix)
    ]
    return ",".join(sorted(found)) or NONE


def node_address(kind: str) -> Callable[[Value, datetime], str]:
    """Give the cell that shows a Node's address of a kind."""

    def cell(value: Value, _: datetime) -> str:
        listed = value["status"].get("addresses", ())
        return next((a["address"] for a in listed if a["type"] == kind), NONE)

    return cell


def ingress_hosts(value: Value, _: datetime) -> str:
    """List the hosts of an Ingress."""
    hosts = [rule["host"] for rule in value["spec"].get("rules") or () if rule.get("host")]
    return _shortened(hosts) if hosts else "*"


def ingress_ports(value: Value, _: datetime) -> str:
    """Tell the ports that an Ingress is reached at."""
    return "80, 443" if value["spec"].get("tls") else "80"


def quota(kind: str) -> Callable[[Value, datetime], str]:
    """Give the cell that sets what is used against what a quota allows, `requests` or `limits`."""

    def cell(value: Value, _: datetime) -> str:
        status = value.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        names = [name for name in sorted(hard) if name.startswith("limits") is (kind == "limits")]
        return ", ".join(f"{name}: {used.get(name, 0)}/{hard[name]}" for name in names)

    return cell

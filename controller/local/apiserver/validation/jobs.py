"""Jobs, and the CronJobs that make them."""

from controller.local import schedules
from controller.local.apiserver import errors
from controller.local.apiserver.validation import common, pods
from controller.local.apiserver.validation.common import Found, Value

_INDEXED = "Indexed"
_MODES = ("NonIndexed", _INDEXED)
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_POLICIES = ("Allow", "Forbid", "Replace")
_MOST_INDEXED_AT_ONCE = 100_000
_LONGEST_CRON_JOB = 52
"""A Job's name has eleven more letters (`-28000000`, with room), and 63 are allowed."""


def job(value: Value) -> Found:
    """Check a Job."""
    yield from _job_spec(value["spec"], "spec")


def cron_job(value: Value) -> Found:
    """Check a CronJob."""
    spec, name = value["spec"], value["metadata"].get("name", "")
    if len(name) > _LONGEST_CRON_JOB:
        why = f"must be no more than {_LONGEST_CRON_JOB} characters"
        yield errors.invalid_value("metadata.name", name, why)
    yield from _schedule(spec.get("schedule", ""), "spec.schedule")
    yield from common.check_not_negative(spec, "spec", "startingDeadlineSeconds")
    if "timeZone" in spec:
        yield from _time_zone(spec["timeZone"], "spec.timeZone")
    policy = spec.get("concurrencyPolicy")
    if policy not in _POLICIES:
        yield errors.not_supported("spec.concurrencyPolicy", policy, _POLICIES)
    yield from _job_template(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec")
    limits = ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    yield from common.check_not_negative(spec, "spec", *limits)


def _schedule(text: str, place: str) -> Found:
    if not text:
        yield errors.required(place)
        return
    zone, written = _without_zone(text)
    try:
        schedules.parse(written)
        if zone:
            schedules.zone_of(zone)
    except schedules.ScheduleError as error:
        yield errors.invalid_value(place, text, str(error))
    if "TZ" in text:
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield errors.invalid_value(place, text, why)


def _without_zone(text: str) -> tuple[str, str]:
    if not text.startswith(("TZ=", "CRON_TZ=")):
        return "", text
    zone, _, written = text.partition(" ")
    return zone.partition("=")[2], written.strip()


def _time_zone(name: str, place: str) -> Found:
    if not name:
        yield errors.invalid_value(place, name, "timeZone must be nil or non-empty string")
        return
    if name.lower() == "local":
        why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        yield errors.invalid_value(place, name, why)
        return
    try:
        schedules.zone_of(name)
    except schedules.ScheduleError as error:
        yield errors.invalid_value(place, name, str(error))


def _job_template(spec: Value, place: str) -> Found:
    yield from _job_spec(spec, place)
    if "selector" in spec:
        why = "`selector` will be auto-generated"
        yield errors.invalid_value(f"{place}.selector", spec["selector"], why)
    manual = spec.get("manualSelector")
    if manual:
        yield errors.not_supported(f"{place}.manualSelector", manual, ["nil", "false"])


def _job_spec(spec: Value, place: str) -> Found:
    names = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit")
    more = ("ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes")
    yield from common.check_not_negative(spec, place, *names, *more)
    yield from _completion(spec, place)
    replacement = spec.get("podReplacementPolicy")
    if replacement is not None and replacement not in _REPLACEMENTS:
        where = f"{place}.podReplacementPolicy"
        yield errors.not_supported(where, replacement, _REPLACEMENTS)
    inner = f"{place}.template.spec"
    yield from pods.check_spec(spec["template"]["spec"], inner)
    if spec["template"]["spec"].get("restartPolicy") == "Always":
        # The real server defaults to Always and then asks for a choice.
        yield errors.required(f"{inner}.restartPolicy", 'valid values: "OnFailure", "Never"')


def _completion(spec: Value, place: str) -> Found:
    mode = spec.get("completionMode")
    if mode is not None and mode not in _MODES:
        yield errors.not_supported(f"{place}.completionMode", mode, _MODES)
    if mode == _INDEXED:
        yield from _indexed(spec, place)
    else:
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if name in spec:
                why = "requires indexed completion mode"
                yield errors.invalid_value(f"{place}.{name}", spec[name], why)
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        why = "when maxFailedIndexes is specified"
        yield errors.required(f"{place}.backoffLimitPerIndex", why)


def _indexed(spec: Value, place: str) -> Found:
    completions, parallelism = spec.get("completions"), spec.get("parallelism", 1)
    if completions is None:
        yield errors.required(f"{place}.completions", "when completion mode is Indexed")
    if parallelism > _MOST_INDEXED_AT_ONCE:
        why = f"must be less than or equal to {_MOST_INDEXED_AT_ONCE} when completion mode is"
        yield errors.invalid_value(f"{place}.parallelism", parallelism, f"{why} {_INDEXED}")
    failing = spec.get("maxFailedIndexes")
    if failing is not None and completions is not None and failing > completions:
        why = "must be less than or equal to completions"
        yield errors.invalid_value(f"{place}.maxFailedIndexes", failing, why)

"""Rules of the kind Application."""

RULES = {
    "invalid-jq-expression": (
        "A text is no jq expression that leads to fields.",
        (
            "It has to be one that jq's path() takes: .spec.containers[] | select(.name =="
            ' "sidecar") | .image. It is evaluated with a limit of one second and 256 MiB.'
        ),
    ),
    "contradicting-mode": (
        "The mode says that nothing is synced without a person, and automated says the opposite.",
        (
            "`mode: enforce` is automated with selfHeal, `mode: warn` reports what differs and "
            "changes nothing, `mode: manual` waits for a person. Keep one way of saying it."
        ),
    ),
    "invalid-schedule": (
        "The beginning of a sync window is no schedule of cron, or never comes.",
        "Five fields: minute, hour, day of the month, month, day of the week, in timeZone.",
    ),
    "unknown-time-zone": (
        "The time zone of a sync window is not known.",
        "Names are those of the IANA database, as the machine that runs Roster has them.",
    ),
    "nothing-ignored": (
        "A rule of ignoreDifferences names objects and no field.",
        "It would have no effect. Add jsonPointers, jqPathExpressions or managedFieldsManagers.",
    ),
}

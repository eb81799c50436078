"""Rules of the kind Application."""

RULES = {
    "invalid-jq-expression": (
        "A text is no jq expression that leads to fields.",
        (
            "It has to be one that jq's path() takes: .spec.containers[] | select(.name =="
            ' "sidecar") | .image. It is evaluated with a limit of one second and 256 MiB.'
        ),
    ),
    "nothing-ignored": (
        "A rule of ignoreDifferences names objects and no field.",
        "It would have no effect. Add jsonPointers, jqPathExpressions or managedFieldsManagers.",
    ),
}

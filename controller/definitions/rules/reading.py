"""Rules of reading files: YAML, fields, values."""

RULES = {
    "invalid-yaml": (
        "The text is not valid YAML.",
        (
            "A document that cannot be read hides what it defines, so its component is "
            "blocked and nothing is pruned; other documents of the file are read. The "
            "position is where the reader noticed; the cause is often the line before it: a "
            "missing quote, bracket or indentation."
        ),
    ),
    "unsupported-yaml": (
        "YAML that no Kubernetes object can carry.",
        (
            "Kubernetes objects are JSON: keys are text, values have no custom tags, numbers "
            "fit 64 bits and are finite. Write the value itself, in quotes where it is text."
        ),
    ),
    "duplicate-key": (
        "A key stands twice in one mapping.",
        "YAML readers keep one of the two silently, and not all the same one. Remove one.",
    ),
    "merge-conflict": (
        "git's conflict markers were committed.",
        (
            "Resolve the conflict: choose lines of both sides and remove <<<<<<<, ======= and"
            " >>>>>>>."
        ),
    ),
    "too-large": (
        "A file or document is larger or deeper than Kubernetes could store.",
        (
            "Kubernetes keeps objects up to about 1.5 MB. The limits also stop documents that"
            " explode through aliases. Split the file, or move data elsewhere."
        ),
    ),
    "not-utf8": (
        "The file is not encoded in UTF-8.",
        (
            "YAML for Kubernetes is UTF-8. Editors on Windows may save UTF-16 or Latin-1: "
            "save again."
        ),
    ),
    "not-kubernetes": (
        "A YAML file is no Kubernetes object and is passed over.",
        (
            "It has neither apiVersion nor kind. Kustomize and Helm are not run: commit their"
            " output. Files in folders whose name starts with a dot are not looked at."
        ),
    ),
    "missing-field": (
        "A field that is needed is not there.",
        ("Without it the object cannot be identified or would be refused by the API server."),
    ),
    "unknown-field": (
        "A field does not exist at this place.",
        (
            "Mostly a misspelling or a wrong indentation. Kubernetes would drop it silently, "
            "and the setting would never have an effect."
        ),
    ),
    "wrong-type": (
        "A value has another type than its field.",
        (
            "Kubernetes converts nothing. Numbers and yes, no, on, off, true, false are text "
            "only in quotes; an empty value is null, not an empty text."
        ),
    ),
    "wrong-value": (
        "A value is none of those that the field takes.",
        "The remedy lists them; they are the enums of kagent's CRDs.",
    ),
    "wrong-format": (
        "A text is not in the form that its field needs.",
        "Such as a duration (30s, 5m), an address or base64.",
    ),
    "out-of-bounds": (
        "A number, text or list is too small or too large.",
        "The bounds are those of kagent's CRDs.",
    ),
    "not-a-number": (
        "A model parameter is text that is no number.",
        ('kagent writes such parameters as text, because Kubernetes has no floating point: "0.7".'),
    ),
}

"""Rules of what a sync leaves to others."""

RULES = {
    "invalid-pointer": (
        "A text is no JSON pointer.",
        (
            "Fields that are left to others are named as in RFC 6901: /spec/replicas. In a name,"
            " '/' is written ~1 and '~' is written ~0."
        ),
    ),
}

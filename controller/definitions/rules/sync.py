"""Rules of what a sync leaves to others."""

RULES = {
    "invalid-sync-option": (
        "A sync option does not exist, or cannot have this value.",
        (
            "Names and values are Argo CD's, as far as Roster has what they mean. An option that"
            " is passed over in silence would protect nothing."
        ),
    ),
    "invalid-pointer": (
        "A text is no JSON pointer.",
        (
            "Fields that are left to others are named as in RFC 6901: /spec/replicas. In a name,"
            " '/' is written ~1 and '~' is written ~0."
        ),
    ),
}

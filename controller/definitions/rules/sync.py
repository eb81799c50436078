"""Rules of what a sync leaves to others."""

RULES = {
    "invalid-hook": (
        "A hook's annotations cannot be followed.",
        (
            "Hooks are plain objects, such as a Job, that run at a point of a sync: PreSync, Sync,"
            " PostSync or SyncFail. A word that is passed over in silence would turn one into an"
            " object like any other, or keep it from running."
        ),
    ),
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

"""Rules of fetching files, before they are read."""

RULES = {
    "bad-link": (
        "A symbolic link leads to no file of the repository.",
        (
            "Links are followed inside the revision only, or they would show other people's files. "
            "Nothing that the file defined before is changed or deleted."
        ),
    ),
}

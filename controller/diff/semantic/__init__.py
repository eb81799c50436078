"""What changed between two revisions in the agent's own terms, from their catalogs alone.

`compare.compare` is the story. `facts` takes a definition apart by the tables in `rules*`; `tools`
and `prompts` know what a table cannot say; `reach` tells whom a change concerns. `text` is the one
form for people, which `plain`, `markdown`, the command line and the dashboard show; `data` is JSON.

Definitions come from whoever may push, and so does every name and text in here: `shown` makes them
harmless once, and nothing secret is read in the first place.
"""

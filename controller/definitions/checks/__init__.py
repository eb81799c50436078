"""The rules of each kind that no single field shows: kagent's CEL rules, and what it refuses later.

Every check reads a `View` of the document and yields violations; it never raises.
"""

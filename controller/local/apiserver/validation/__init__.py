"""The faults that the real server finds in objects of the built-in kinds, in its words.

A selection of k8s.io/kubernetes `pkg/apis/*/validation`: the rules that people run into. What a
schema can say (types, unknown fields) is checked by `decoding`; here stand the rules beyond it:
what all kinds share (`common`), pods (`pods`, of `containers`, `volumes` and `references`) and what
makes them (`workloads`, `jobs`), everything else (`settings`), and what may not change any more
(`updates`).
"""

"""The composition root: the only place that constructs adapters from settings.

`startup` tells in which order the parts begin and end; each other module builds some of them.
"""

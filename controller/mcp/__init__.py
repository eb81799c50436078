"""MCP: asking tool servers for their tools, and the controller's own server.

The MCP library costs half a second and 60 MB to import, so only the modules that speak it import
it, and they are imported when something is to be said.
"""

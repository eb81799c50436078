"""The process inside an agent's pod: config.json becomes a model, tools and an A2A endpoint.

    __main__     arguments in, exit codes out
    configfiles  reads the folder that `render` filled
    ...          see the modules' own first lines
    demo/        a model, tools and an agent that need no account anywhere
    bridge       a stdio MCP server behind streamable HTTP

Nothing here knows the controller: an agent keeps answering when Roster is gone.
"""

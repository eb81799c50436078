"""The process inside an agent's pod: config.json becomes a model, tools and an A2A endpoint.

    __main__       arguments in, exit codes out
    configfiles    reads the folder that `render` filled
    application    card, health, readiness and A2A as HTTP routes
    handler        the A2A requests of both protocol versions
    executor       A2A messages become turns; `report` turns events into task updates
    approvals      a person's yes or no, in kagent's message form; `deadlines` ends the waiting
    limits         what a turn may take
    tasks          the task store
    push           push notifications
    turns          what passes between A2A and the agent loop: the seam
    engine         the agent loop; `record` keeps what is said in it
    sessions       what is remembered of each context, here and at the controller
    skills         folders of instructions and scripts, opened when they are needed
    memory         what is remembered of users beyond one conversation
    compaction     summaries in the place of long histories; `digest` asks the model for them
    askuser        the tool by which an agent asks its user
    models         the configured provider's model
    toolservers    MCP servers; mcptools and mcpconnection do the work
    colleagues     other agents as tools
    instrumentation  traces and metrics, when somebody wants them
    headers, tls, serving, logs, lean
    demo           a model, tools and an agent that need no account anywhere
    bridge         a stdio MCP server behind streamable HTTP

Nothing here imports the controller, and nothing waits for it: an agent keeps answering when Roster
is gone, and sends what it has kept when Roster is back.
"""

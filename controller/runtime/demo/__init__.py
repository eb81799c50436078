"""What the examples run on a machine without accounts: a model, tools and an agent of its own.

script, arguments   the scripted "understanding" of the demo model, pure functions
model               the demo model's OpenAI-compatible HTTP surface
tools               an MCP server over calculator, clock, text statistics and notes
agent               an A2A agent without Roster's runtime, as somebody might bring it
"""

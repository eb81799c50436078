import time

from controller.definitions import prompttokens
from controller.definitions.prompttokens import Else, End, Inclusion, Open, Text, Value


def test_a_template_is_cut_into_text_and_actions_with_their_lines() -> None:
    text = 'a\n{{if .ToolNames}}{{len .ToolNames}}\n{{else}}{{include "b/c"}}{{end}}'

    tokens = [token for token in prompttokens.tokens(text) if token != Text("")]

    assert tokens == [
        Text("a\n"),
        Open("if", Value("ToolNames", 1)),
        Value("ToolNames", 1, is_length=True),
        Text("\n"),
        Else(2),
        Inclusion("b", "c", 2),
        End(2),
    ]


def test_the_time_is_linear_in_the_number_of_actions() -> None:
    started = time.process_time()

    tokens = list(prompttokens.tokens("{{.AgentName}}\n" * 50_000))

    assert len(tokens) == 100_001
    assert time.process_time() - started < 5

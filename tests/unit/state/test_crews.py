from pathlib import Path

from controller.state.crews import Crew, Crews
from controller.state.documents import Documents

CREW = Crew(agent="a", user="ada", thread="t")


def test_memories_and_states_come_back_after_a_restart(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents:
        crews = Crews(documents)
        crews.put_state(CREW, {"step": 1})
        crews.remember(CREW, {"task": "one"})
        crews.forget(CREW)
        crews.remember(CREW, {"task": "two"})
    with Documents(tmp_path / "d") as documents:
        crews = Crews(documents)
        assert crews.recall(CREW, "TWO") == ({"task": "two"},)
        assert crews.recall(CREW, "one") == ()
        assert crews.state(CREW) == {"step": 1}
        assert crews.state(Crew(agent="b", user="ada", thread="t")) is None

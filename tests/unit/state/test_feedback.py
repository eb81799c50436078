from datetime import UTC, datetime
from pathlib import Path

from controller.state.documents import Documents
from controller.state.feedback import Feedback, Opinion


def test_opinions_are_numbered_and_kept_by_user(tmp_path: Path) -> None:
    with Documents(tmp_path / "d") as documents:
        feedback = Feedback(documents, lambda: datetime(2026, 1, 2, tzinfo=UTC))
        feedback.add(Opinion(user="ada", is_positive=True, text="good"))
        feedback.add(Opinion(user="bob", is_positive=False, text="bad", issue="factual"))
        second = feedback.add(Opinion(user="ada", is_positive=False, text="hm", message="m1"))

        assert [item.text for item in feedback.list("ada")] == ["good", "hm"]
        assert feedback.list("ada")[1] == second
        assert second.id == 2
        assert [item.text for item in feedback.everybodys()] == ["good", "hm", "bad"]

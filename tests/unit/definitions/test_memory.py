from controller.definitions.memory import Memory


def test_work_is_done_once_for_a_key() -> None:
    memory: Memory[object] = Memory(max_bytes=100)
    first = memory.remember("a", 1, object)

    assert memory.remember("a", 1, object) is first


def test_the_longest_unused_goes_first() -> None:
    memory: Memory[object] = Memory(max_bytes=2)
    a = memory.remember("a", 1, object)
    b = memory.remember("b", 1, object)
    memory.remember("a", 1, object)
    memory.remember("c", 1, object)

    assert memory.remember("a", 1, object) is a
    assert memory.remember("b", 1, object) is not b


def test_what_is_larger_than_the_limit_is_worked_out_each_time() -> None:
    memory: Memory[object] = Memory(max_bytes=2)
    first = memory.remember("a", 3, object)

    assert memory.remember("a", 3, object) is not first

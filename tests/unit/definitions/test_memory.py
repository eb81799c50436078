from controller.definitions.memory import Memory, OfObject


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


def test_work_is_done_once_for_an_object_and_again_for_an_equal_one() -> None:
    one, equal = ["a", 1], ["a", 1]
    remembered = OfObject[object, object](lambda _key: object())

    assert remembered(one) is remembered(one)
    assert remembered(equal) is not remembered(one)


def test_objects_are_forgotten_when_there_are_too_many() -> None:
    keys = [object(), object(), object()]
    remembered = OfObject[object, object](lambda _key: object(), most=2)
    first = remembered(keys[0])
    remembered(keys[1])
    remembered(keys[2])

    assert remembered(keys[0]) is not first

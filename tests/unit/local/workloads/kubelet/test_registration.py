from typing import Any


def test_the_machine_is_a_node_that_stays_one_when_the_cluster_starts_again(play: Any) -> None:
    uids = []

    async def story(cluster: Any) -> None:
        (node,) = await cluster.until(lambda: cluster.store.list("nodes"))
        uids.append(node["metadata"]["uid"])
        conditions = {each["type"]: each["status"] for each in node["status"]["conditions"]}

        assert node["metadata"]["name"] == "local"
        assert conditions["Ready"] == "True"
        assert int(node["status"]["capacity"]["cpu"]) >= 1

    play(story)
    play(story)

    assert uids[0] == uids[1]

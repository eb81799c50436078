from controller.cluster.client import Client
from controller.cluster.upstream import is_inside


def test_a_pod_is_inside_unless_a_kubeconfig_leads_elsewhere() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}

    assert is_inside(pod)
    assert not is_inside({**pod, "KUBECONFIG": "/x"})
    assert not is_inside({})


def test_outside_the_api_server_relays() -> None:
    path = Client.proxy_path(None, "agents", "triage", 8080)  # type: ignore[arg-type]  # needs no state

    assert path == "/api/v1/namespaces/agents/services/triage:8080/proxy/"

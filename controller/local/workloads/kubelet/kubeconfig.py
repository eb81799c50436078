"""A kubeconfig for the programs in a pod.

Clients find the API server of a real cluster by files with fixed names, which do not exist here;
`KUBECONFIG` is the other thing that they all look for. It points to the pod's own token, so it may
do what the pod's service account may do.
"""

import json
from collections.abc import Mapping
from pathlib import Path

_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_NAME = "local"


def write(file: Path, mounts: Mapping[str, str], *, api_url: str, ca_file: Path) -> dict[str, str]:
    """Write the file where the pod has a token, and give the variables that point to it."""
    if _ACCOUNT not in mounts:
        return {}
    token = {"name": _NAME, "user": {"tokenFile": f"{mounts[_ACCOUNT]}/token"}}
    cluster = {"server": api_url, "certificate-authority": str(ca_file)}
    context = {"cluster": _NAME, "user": _NAME}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [token],
        "contexts": [{"name": _NAME, "context": context}],
        "current-context": _NAME,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(config))
    return {"KUBECONFIG": str(file)}

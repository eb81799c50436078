"""What kagent's image `skills-init` does, on the local cluster: fetches an agent's skills.

It runs as the pod's init container, reads the same configuration and fills the same folder, so that
an agent with skills starts here as it does in a cluster.

    __main__   fetches one skill after the other; ends with 1 when one cannot be had
    wanted     the configuration, its paths translated to where the pod's volumes are
    git        folders of repositories
    oci        images: their manifests and layers; `registry` asks for them, `layers` unpacks them
"""

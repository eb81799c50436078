"""The parts that several kinds have in common: values, access, TLS and the pod's settings."""

from typing import Literal

from pydantic import Field

from controller.definitions.schema import Model, Object, Opt


class ValueSource(Model):
    """A key of a ConfigMap or Secret in the definition's namespace."""

    type: Literal["ConfigMap", "Secret"] = Field(description="Kind of the object.")
    name: str = Field(max_length=253, description="Name of the object, in the same namespace.")
    key: str = Field(max_length=253, description="Key whose value is taken.")


class ValueRef(Model):
    """A named value, given literally or taken from a ConfigMap or Secret."""

    name: str = Field(description="Name of the header.")
    value: Opt[str] = Field(
        default=None, description="The value itself; use `valueFrom` for anything secret."
    )
    value_from: Opt[ValueSource] = Field(
        default=None, description="Where the value is taken from, instead of `value`."
    )


class LabelRequirement(Model):
    """One expression of a label selector."""

    key: str = Field(description="Label that is looked at.")
    operator: str = Field(description="In, NotIn, Exists or DoesNotExist.")
    values: list[str] = Field(default_factory=list, description="Values for In and NotIn.")


class LabelSelector(Model):
    """A selector of namespaces by their labels."""

    match_labels: dict[str, str] = Field(
        default_factory=dict, description="Labels that must have exactly these values."
    )
    match_expressions: list[LabelRequirement] = Field(
        default_factory=list, description="Expressions that must all hold."
    )


class AllowedNamespaces(Model):
    """Which namespaces may refer to this object."""

    from_: Literal["All", "Same", "Selector"] = Field(
        default="Same",
        alias="from",
        description="Every namespace, only this one (default), or those that `selector` picks.",
    )
    selector: Opt[LabelSelector] = Field(
        default=None, description="Labels of allowed namespaces, where `from` is Selector."
    )


class TLS(Model):
    """How the server's certificate is checked."""

    disable_verify: bool = Field(
        default=False, description="Accept any certificate. For development only."
    )
    ca_cert_secret_ref: Opt[str] = Field(
        default=None, description="Secret in the same namespace that holds the CA certificate."
    )
    ca_cert_secret_key: Opt[str] = Field(
        default=None, description="Key of that Secret; needed with `caCertSecretRef`."
    )
    disable_system_cas: bool = Field(
        default=False,
        alias="disableSystemCAs",
        description="Trust only the given CA, not the system's.",
    )


class ServiceAccountConfig(Model):
    """Labels and annotations of the service account that is made for the workload."""

    labels: dict[str, str] = Field(default_factory=dict, description="Labels to add.")
    annotations: dict[str, str] = Field(
        default_factory=dict, description="Annotations to add, such as a cloud role to assume."
    )


class LocalReference(Model):
    """The name of an object in the same namespace."""

    name: str = Field(default="", description="Name of the object.")


class PodSettings(Model):
    """How the pods of an agent run: kagent's SharedDeploymentSpec."""

    replicas: Opt[int] = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="Number of pods. Leave it out where an autoscaler decides.",
    )
    image_pull_secrets: list[Object] = Field(
        default_factory=list, description="Secrets for pulling images, each as `{name: …}`."
    )
    volumes: list[Object] = Field(default_factory=list, description="Volumes of the pod.")
    volume_mounts: list[Object] = Field(
        default_factory=list, description="Volume mounts of the agent's container."
    )
    labels: dict[str, str] = Field(default_factory=dict, description="Labels of the pod.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Annotations of the pod.")
    deployment_annotations: dict[str, str] = Field(
        default_factory=dict, description="Annotations of the Deployment itself."
    )
    env: list[Object] = Field(
        default_factory=list, description="Environment variables of the agent's container."
    )
    env_from: list[Object] = Field(
        default_factory=list, description="ConfigMaps and Secrets whose keys become variables."
    )
    image_pull_policy: Opt[str] = Field(
        default=None, description="Always, IfNotPresent (default) or Never."
    )
    resources: Opt[Object] = Field(
        default=None, description="Requests and limits of the agent's container."
    )
    tolerations: list[Object] = Field(default_factory=list, description="Tolerations of the pod.")
    affinity: Opt[Object] = Field(default=None, description="Affinity of the pod.")
    node_selector: dict[str, str] = Field(
        default_factory=dict, description="Labels that a node must have."
    )
    security_context: Opt[Object] = Field(
        default=None, description="Security context of the agent's container."
    )
    pod_security_context: Opt[Object] = Field(
        default=None, description="Security context of the pod."
    )
    service_account_name: Opt[str] = Field(
        default=None, description="Existing service account, instead of one made for the agent."
    )
    service_account_config: Opt[ServiceAccountConfig] = Field(
        default=None, description="Labels and annotations of the service account that is made."
    )
    extra_containers: list[Object] = Field(
        default_factory=list, description="Containers beside the agent's, such as a proxy."
    )

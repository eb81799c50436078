"""Which kinds Roster runs, which it knows and does not run, and which have no namespace."""

from collections.abc import Mapping

import pydantic

from controller.definitions.agent import AgentSpec
from controller.definitions.mcpserver import MCPServerSpec, RemoteMCPServerSpec
from controller.definitions.modelconfig import ModelConfigSpec

KAGENT = "kagent.dev"
ROSTER = "roster.dev"

SPECS: Mapping[str, tuple[str, type[pydantic.BaseModel]]] = {
    "Agent": ("kagent.dev/v1alpha2", AgentSpec),
    "ModelConfig": ("kagent.dev/v1alpha2", ModelConfigSpec),
    "RemoteMCPServer": ("kagent.dev/v1alpha2", RemoteMCPServerSpec),
    "MCPServer": ("kagent.dev/v1alpha1", MCPServerSpec),
}
"""The kinds of kagent.dev that Roster runs: the version that it reads, and the model of `spec`."""

NOT_RUN: Mapping[str, str] = {
    "SandboxAgent": "Use the kind Agent; `spec.sandbox.network` limits where it may connect to.",
    "AgentHarness": "Run it with kagent itself; Roster runs the kind Agent.",
    "AgentTemplate": "Use the kind Agent of kagent.dev/v1alpha2.",
    "AgentInstance": "Use the kind Agent of kagent.dev/v1alpha2.",
    "Harness": "Use the kind Agent of kagent.dev/v1alpha2.",
}
"""Kinds whose author expects something to run that would not: errors, each with the remedy."""

WITHOUT_EFFECT: Mapping[str, str] = {
    "ModelProviderConfig": "It only lists models for kagent's user interface. Remove it.",
    "ToolServer": "kagent itself has no controller for it. Use RemoteMCPServer or MCPServer.",
    "Memory": "kagent itself has no controller for it. Use `spec.declarative.memory` of an Agent.",
}
"""Kinds that change nothing about any agent: warnings."""

CLUSTER_SCOPED = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("cert-manager.io", "ClusterIssuer"),
        ("external-secrets.io", "ClusterSecretStore"),
        ("kyverno.io", "ClusterPolicy"),
    }
)
"""Group and kind of objects without a namespace. Other kinds are taken to have one."""

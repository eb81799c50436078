"""Every place where a definition can name another object."""

import textwrap

import pytest

from controller.definitions import references
from controller.definitions.parse import parse

EVERYWHERE = """
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: a}
spec:
  declarative:
    modelConfig: main
    memory: {modelConfig: embedding}
    context: {compaction: {summarizer: {modelConfig: summary}}}
    systemMessageFrom: {type: Secret, name: system, key: text}
    promptTemplate: {dataSources: [{kind: ConfigMap, name: prompts}]}
    tools:
      - type: McpServer
        mcpServer: {name: local}
        headersFrom:
          - name: X
            valueFrom: {type: ConfigMap, name: headers, key: x}
      - type: McpServer
        mcpServer: {kind: RemoteMCPServer, name: remote, namespace: other}
      - type: McpServer
        mcpServer: {kind: Service, name: service}
      - type: Agent
        agent: {name: helper}
    deployment:
      env:
        - name: A
          valueFrom: {secretKeyRef: {name: env-secret, key: k, optional: true}}
        - name: B
          valueFrom: {configMapKeyRef: {name: env-config, key: k}}
      envFrom:
        - secretRef: {name: from-secret}
        - configMapRef: {name: from-config}
      volumes:
        - name: a
          secret: {secretName: volume-secret}
        - name: b
          configMap: {name: volume-config}
        - name: c
          projected:
            sources:
              - configMap: {name: projected-config}
              - secret: {name: projected-secret, optional: true}
      imagePullSecrets: [{name: pull}]
      extraContainers:
        - env:
            - name: C
              valueFrom: {secretKeyRef: {name: sidecar, key: k}}
  skills:
    gitAuthSecretRef: {name: git}
    imagePullSecrets: [{name: skills-pull}]
    initContainer:
      env: [{name: A, valueFrom: {configMapKeyRef: {name: skills-env, key: k}}}]
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: m}
spec:
  model: gpt
  provider: Foundry
  apiKeySecret: key
  apiKeySecretKey: k
  foundry: {deployment: d, endpointFrom: {name: endpoint, key: url}}
  tls: {caCertSecretRef: ca, caCertSecretKey: ca.crt}
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: r}
spec:
  description: d
  url: https://a
  headersFrom:
    - name: X
      valueFrom: {type: Secret, name: token, key: t}
  tls: {caCertSecretRef: ca, caCertSecretKey: ca.crt}
---
apiVersion: kagent.dev/v1alpha1
kind: MCPServer
metadata: {name: s}
spec:
  deployment:
    image: i
    secretRefs: [{name: env}]
    configMapRefs: [{name: config}]
    volumes: [{name: v, secret: {secretName: volume}}]
    imagePullSecrets: [{name: pull}]
    sidecars:
      - {name: log, env: [{name: A, valueFrom: {configMapKeyRef: {name: log, key: k}}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
"""

EXPECTED = {
    "Agent": """
        ModelConfig team/main
        ModelConfig team/embedding
        ModelConfig team/summary
        Secret team/system text
        ConfigMap team/prompts
        MCPServer team/local
        ConfigMap team/headers x
        RemoteMCPServer other/remote
        Service team/service
        Agent team/helper
        Secret team/git
        Secret team/skills-pull
        ConfigMap team/skills-env k
        Secret team/env-secret k optional
        ConfigMap team/env-config k
        Secret team/from-secret
        ConfigMap team/from-config
        Secret team/volume-secret
        ConfigMap team/volume-config
        ConfigMap team/projected-config
        Secret team/projected-secret optional
        Secret team/pull
        Secret team/sidecar k
        """,
    "ModelConfig": """
        Secret team/key k
        Secret team/ca ca.crt
        ConfigMap team/endpoint url
        """,
    "RemoteMCPServer": """
        Secret team/token t
        Secret team/ca ca.crt
        """,
    "MCPServer": """
        Secret team/env
        ConfigMap team/config
        Secret team/volume
        Secret team/pull
        ConfigMap team/log k
        """,
    "ConfigMap": "",
}


def described(reference: references.Reference) -> str:
    name = f"{reference.kind} {reference.namespace}/{reference.name} {reference.key}"
    return f"{name.rstrip()}{' optional' if reference.is_optional else ''}"


@pytest.mark.parametrize("kind", EXPECTED)
def test_every_reference_of_a_kind_is_found_in_order(kind: str) -> None:
    parsed = parse({"f.yaml": EVERYWHERE.encode()}, namespace="team")
    (definition,) = [item for item in parsed.definitions if item.id.kind == kind]

    found = references.of(definition)

    assert parsed.findings == ()
    assert [described(item) for item in found] == textwrap.dedent(EXPECTED[kind]).split("\n")[1:-1]
    assert references.of(definition) is found


def test_the_path_of_a_reference_is_that_of_the_name() -> None:
    parsed = parse({"f.yaml": EVERYWHERE.encode()}, namespace="team")
    definition = parsed.definitions[0]

    lines = {
        item.name: definition.document.position(item.path).line
        for item in references.of(definition)
    }

    assert lines["main"] == 7
    assert lines["remote"] == 19

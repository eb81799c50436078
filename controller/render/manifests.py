"""Definitions and templates to manifests: the story of rendering.

Each definition is rendered by itself from what it refers to. One that fails becomes a finding with
a position, and it and whatever depends on it are left out; all others are rendered.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from controller.definitions.agent import AgentSpec
from controller.definitions.catalog import Catalog, Definition
from controller.definitions.findings import (
    DefinitionId,
    Finding,
    Position,
    Severity,
    has_errors,
    in_order,
)
from controller.definitions.mcpserver import MCPServerSpec
from controller.objects import Manifest, ObjectKey
from controller.objects.outlines import Outline
from controller.render import agents, blocking, cache, fit, mcpservers, stamp
from controller.render import templates as manifest_templates
from controller.render.component import Component, Rendered
from controller.render.options import RenderOptions
from controller.render.problems import RenderError
from controller.render.scope import Scope
from controller.render.sources import Sources, States
from controller.render.templates import TemplateError, Templates


def render(
    catalog: Catalog,
    options: RenderOptions,
    *,
    templates: Mapping[str, str] | None = None,
    cluster: Mapping[ObjectKey, Outline] | None = None,
) -> Rendered:
    """Render every definition of a catalog.

    Args:
        catalog: The definitions of a revision.
        options: Where they go and what they run on.
        templates: Manifest templates of the application's own repository, by file name: they
            replace built-in ones of the same name and add to them.
        cluster: What the cluster has of the objects that `wanted.of` names, so that prompts come
            from it, and agents restart when one changes. None where there is no cluster to ask.
    """
    loaded = manifest_templates.load(templates)
    states = States(catalog, cluster)
    waiting = blocking.closure(catalog.broken, catalog.depends_on)
    components: list[Component] = []
    findings = list(catalog.findings)
    failed: set[DefinitionId] = set()
    for id_ in sorted(catalog.definitions):
        if id_ in waiting:
            continue
        try:
            made = _component(id_, catalog, options, loaded, states)
        except (RenderError, TemplateError) as error:
            failed.add(id_)
            findings.append(_finding(error, catalog.definitions[id_]))
        else:
            findings += made.findings
            if has_errors(made.findings):
                failed.add(id_)
            else:
                components.append(made.component)
    findings = list(_told_once(findings))
    broken = catalog.broken | failed
    waiting = blocking.closure(broken, catalog.depends_on)
    return Rendered(
        components=tuple(c for c in components if c.id not in waiting),
        blocked=blocking.reasons(waiting, broken, catalog, findings),
        findings=in_order(findings),
    )


def _component(
    id_: DefinitionId,
    catalog: Catalog,
    options: RenderOptions,
    templates: Templates,
    states: States,
) -> cache.Made:
    definition = catalog.definitions[id_]
    depends_on = catalog.depends_on.get(id_, frozenset())

    def render_anew() -> cache.Made:
        sources = Sources(states)
        manifests = _manifests(definition, options, templates, sources)
        stamped = tuple(stamp.stamped(item, definition, options) for item in manifests)
        component = Component(
            id=id_,
            position=definition.document.position(),
            manifests=stamped,
            depends_on=depends_on,
            wave=stamp.wave(definition),
            prune=stamp.may_prune(definition),
        )
        warnings = (_finding(warning, definition) for warning in sources.warnings)
        return cache.Made(
            component=component,
            findings=(
                *(replace(found, severity=Severity.WARNING) for found in warnings),
                *fit.check(stamped, definition, options),
            ),
            read=frozenset(sources.read),
        )

    place = (definition.document.file, definition.document.position())
    inputs = (states.of(id_), place, depends_on, templates.digest)
    return cache.remembered(id_, options, inputs, state=states.of, render=render_anew)


def _manifests(
    definition: Definition, options: RenderOptions, templates: Templates, sources: Sources
) -> Sequence[Manifest]:
    scope = Scope(definition, options, sources)
    match definition.spec:
        case None:
            return (definition.document.data,)
        case AgentSpec() as spec:
            names, values = templates.agent, agents.values(spec, scope)
        case MCPServerSpec() as spec:
            names, values = templates.mcp_server, mcpservers.values(spec, scope)
        case _:
            # ModelConfig and RemoteMCPServer are components, so that their findings and their
            # place in the order show, but what they say goes into the agents that use them.
            return ()
    return [item for name in names for item in manifest_templates.objects(templates, name, values)]


def _told_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Give findings where the same error of a template, in many definitions, has one cause."""
    first: dict[tuple[Position, str], Position] = {}
    for found in findings:
        if found.template is None:
            yield found
            continue
        error = (found.template, found.message.partition(": ")[2])
        cause = first.setdefault(error, found.position)
        yield found if cause == found.position else replace(found, cause=cause)


def _finding(error: RenderError | TemplateError, definition: Definition) -> Finding:
    if isinstance(error, RenderError):
        return Finding(
            rule=error.rule,
            message=f"{definition.id}: {error.message}",
            remedy=error.remedy,
            position=definition.document.position(error.path),
            severity=Severity.ERROR if error.is_certain else Severity.WARNING,
            definition=definition.id,
        )
    return Finding(
        rule="template-error",
        message=f"{definition.id}: the manifest template failed: {error.message}",
        remedy=f"Correct line {error.line} of {error.file}.",
        position=definition.document.position(),
        definition=definition.id,
        template=Position(error.file, error.line),
    )

"""What one definition is rendered with."""

from dataclasses import dataclass

from controller.definitions.catalog import Definition, Path
from controller.definitions.findings import DefinitionId
from controller.objects import metadata
from controller.render.options import RenderOptions
from controller.render.sources import Sources


@dataclass(frozen=True, slots=True)
class Scope:
    """A definition, the options, and what it may look up."""

    definition: Definition
    options: RenderOptions
    sources: Sources

    @property
    def id(self) -> DefinitionId:
        """Id of the definition."""
        return self.definition.id

    @property
    def name(self) -> str:
        """Name of the definition, which is that of its objects."""
        return self.definition.id.name

    @property
    def namespace(self) -> str:
        """Namespace of the definition and of all its objects."""
        return self.definition.id.namespace

    def annotation(self, name: str) -> str:
        """Give an annotation of the definition, else its application's default, else nothing."""
        own = metadata.annotations(self.definition.document.data)
        return str(own.get(name, self.options.annotations.get(name, "")))

    def annotation_path(self, name: str) -> Path:
        """Give where an annotation stands in the definition, or would."""
        return ("metadata", "annotations", name)

from controller.definitions.parse import parse
from controller.definitions.resolve import resolve
from controller.definitions.syncoptions import Validation
from controller.render import manifests
from controller.render.component import Rendered
from controller.render.options import RenderOptions

BAD = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  annotations: {{{notes}}}
spec:
  prts: []
  ports:
    - port: "80"
"""
GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"


def rendered(validation: Validation = Validation.OFFLINE, notes: str = "") -> Rendered:
    files = {"bad.yaml": BAD.format(name="bad", notes=notes).encode(), "good.yaml": GOOD.encode()}
    options = RenderOptions(application="a", namespace="ns", validation=validation)
    return manifests.render(resolve(parse(files, namespace="ns")), options)


def test_what_does_not_fit_is_found_where_it_is_written_and_blocks_nobody_else() -> None:
    result = rendered()

    assert [str(finding) for finding in result.findings] == [
        "bad.yaml:7:3: error: Service ns/bad: spec.prts is no field that exists [unfit-object]",
        (
            "bad.yaml:9:7: error: Service ns/bad: spec.ports[0].port must be a whole number, and is"
            " the text '80' [unfit-object]"
        ),
    ]
    assert result.findings[0].remedy.startswith("Did you mean 'ports'?")
    assert "Validate=server" in result.findings[0].remedy
    assert [str(component.id) for component in result.components] == ["ConfigMap ns/good"]
    assert [str(id_) for id_, _ in result.blocked] == ["Service ns/bad"]


def test_the_check_is_left_to_others_where_an_option_says_so() -> None:
    assert rendered(Validation.SERVER).findings == ()
    assert rendered(notes="roster.dev/sync-options: Validate=false").findings == ()
    assert rendered(Validation.NONE, "roster.dev/sync-options: Validate=true").findings != ()


def test_values_of_secrets_are_not_told() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: hunter2\n"
    options = RenderOptions(application="a", namespace="ns")

    result = manifests.render(resolve(parse({"s.yaml": secret.encode()}, namespace="ns")), options)

    assert [finding.rule for finding in result.findings if "hunter2" in str(finding)] == []
    assert result.blocked

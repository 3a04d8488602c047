from dataclasses import replace
from pathlib import Path

import pytest

from dermaseg_monai.errors import DataError
from dermaseg_monai.manifest import Manifest, Scope, find_scope, read_scope
from dermaseg_monai.shipped import shipped_files

FORM = """\
form: 1
name: Ours
version: "2"
structure: the lesion
modality: dermoscopy
edge_definition: the outermost pigment
ambiguous_cases: two readers, the senior decides
minimum_size: 100 px
border_rule: cut at the edge of the picture
background: everything else
"""


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "scope.yaml"
    path.write_text(FORM)
    return path


def change(form: Path, old: str, new: str) -> Path:
    text = form.read_text()
    assert old in text
    form.write_text(text.replace(old, new))
    return form


def test_a_filled_form_is_read_and_printed_in_the_order_of_the_form(form: Path) -> None:
    scope = read_scope(change(form, "minimum_size: 100 px", "minimum_size: null"))
    labels = [label for label, _ in scope.lines]
    assert labels[:4] == ["Annotation scope", "Structure", "Modality", "Edge definition"]
    assert labels[4:] == ["Ambiguous cases", "Minimum size", "Border rule", "Background"]
    assert scope.lines[0][1].startswith("Ours, version 2 (sha256 ")
    assert dict(scope.lines)["Minimum size"] == "not stated by the authors of the masks"


def test_a_manifest_with_a_scope_has_another_digest_and_gives_it_back(
    form: Path, manifest: Manifest, tmp_path: Path
) -> None:
    scoped = replace(manifest, scope=read_scope(form))
    scoped.save(tmp_path / "m.json")
    assert Manifest.load(tmp_path / "m.json") == scoped
    other = replace(manifest, scope=read_scope(change(form, "100 px", "50 px")))
    assert len({manifest.digest, scoped.digest, other.digest}) == 3


def test_a_manifest_without_scope_and_division_says_nothing_of_them(manifest: Manifest) -> None:
    assert list(manifest.to_json()) == ["schema", "name", "version", "licence", "cases"]


def test_a_damaged_scope_in_a_manifest_names_file_and_field(form: Path, manifest: Manifest, tmp_path: Path) -> None:
    replace(manifest, scope=read_scope(form)).save(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text().replace('"border_rule"', '"border"')
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(DataError, match=r"m\.json: scope: a scope has no field 'border'. Did you mean border_rule"):
        Manifest.load(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("edge_definition:", "edge_defintion:", r"no field 'edge_defintion'\. Did you mean edge_definition\?"),
        ("background:", "zzz:", r"no field 'zzz'\. A scope has form, name, version, structure"),
        ("border_rule: cut at the edge of the picture\n", "", "lacks border_rule. Fill in every field; null says"),
        ("the outermost pigment", "''", 'edge_definition is ""; expected a text that is not empty'),
        ('version: "2"', "version: 2", "version is 2; expected a text.*quotes around numbers"),
        ("structure: the lesion", "structure: null", "structure is null; expected a text"),
        ("form: 1", "form: 2", "form is 2; this release reads 1"),
        ("modality: derm", "structure: x\nmodality: derm", r"line 5: the key 'structure' stands twice"),
        ("modality: derm", "? [a]\n: x\nmodality: derm", r"line 5: a key is a text. Correct the YAML"),
        ("form: 1", "form: [1", r"scope\.yaml, line \d+: .*Correct the YAML"),
        ("form: 1", "form: 1\nsources: a book", 'sources is "a book"; expected a list of texts'),
    ],
)
def test_what_is_wrong_with_a_form_is_said(form: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_scope(change(form, old, new))


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "holds no fields"), (b"- a\n", "no fields"), (b"\xff", "not UTF-8")]
)
def test_a_file_that_is_no_form_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "s.yaml").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_scope(tmp_path / "s.yaml")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("&ours Ours\nremarks: *ours", r"scope\.yaml, line 3: an alias \(\*name\) stands for a text; write it out"),
        ("Ours\n? [a]\n: b", r"scope\.yaml, line 3: a key is a text"),
        ("[" * 5000, r"scope\.yaml is nested too deeply"),
        ("!!timestamp x", r"scope\.yaml is not YAML"),
        ("!!bool x", r"scope\.yaml is not YAML"),
        ("!!map [a]", r"scope\.yaml, line 2: expected a mapping node"),
    ],
)
def test_what_yaml_allows_and_no_form_needs_is_refused(form: Path, name: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_scope(change(form, "name: Ours", f"name: {name}"))
    assert "\n" not in str(caught.value)


def test_a_missing_form_names_the_shipped_ones() -> None:
    with pytest.raises(DataError, match=r"no scope document isicc\. .*a shipped one: ham10000, isic"):
        read_scope(find_scope("isicc"))


@pytest.mark.parametrize("name", sorted(shipped_files("data_manifests/scopes", ".yaml")))
def test_the_shipped_forms_are_sound_and_say_what_is_not_stated(name: str) -> None:
    scope: Scope = read_scope(find_scope(name))
    assert scope.edge_definition is None
    assert scope.sources

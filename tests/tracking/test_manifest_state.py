from dataclasses import asdict

from dermaseg_monai.manifest import Case, FileRecord, Manifest, Scope
from dermaseg_monai.tracking.record import describe_manifest, record_run
from dermaseg_monai.tracking.source import source_tags

SCOPE = Scope("Ours", "2", "the lesion", "dermoscopy", None, None, None, None, None)
CASE = Case("a", image=FileRecord("a.png", "0" * 64), annotations=(), split="train")


def tags(manifest: Manifest) -> dict[str, str]:
    return dict(source_tags(record_run(bundle="b", sheet=None, manifest=manifest, device="cpu", seed=0)))


def test_a_run_says_what_the_masks_mean_and_how_the_splits_were_made() -> None:
    manifest = Manifest("tiny", "1", None, (CASE,), scope=SCOPE, division="list benchmark")
    found = asdict(describe_manifest(manifest))
    assert found["scope"] == SCOPE.title == f"Ours, version 2 (sha256 {SCOPE.digest[:12]})"
    assert found["division"] == "list benchmark"
    made = tags(manifest)
    assert (made["dermaseg.annotation_scope"], made["dermaseg.division"]) == (SCOPE.title, "list benchmark")


def test_a_manifest_that_says_neither_gets_no_tags() -> None:
    made = tags(Manifest("tiny", "1", None, (CASE,)))
    assert not {"dermaseg.annotation_scope", "dermaseg.division"} & set(made)

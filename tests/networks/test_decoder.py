import torch

from dermaseg_monai.networks.decoder import RefinementDecoder, SkipFusion, enlarge


def test_enlarging_interpolates_between_pixel_centres() -> None:
    row = enlarge(torch.tensor([[[[0.0, 4.0]]]]), 2)[0, 0, 0]
    torch.testing.assert_close(row, torch.tensor([0.0, 1.0, 3.0, 4.0]))


def test_a_factor_of_one_changes_nothing() -> None:
    x = torch.rand(1, 1, 3, 3)
    assert enlarge(x, 1) is x


def test_fusion_gives_the_fine_grid() -> None:
    fusion = SkipFusion(8, 4, skip=2, out=6, factor=2)
    assert fusion(torch.rand(2, 8, 3, 5), torch.rand(2, 4, 6, 10)).shape == (2, 6, 6, 10)


def test_without_a_correction_the_region_stays() -> None:
    refinement = RefinementDecoder(8, 4, maps=2, width=8, prior=0.5).eval()
    torch.nn.init.zeros_(refinement.correction.weight)
    region = torch.randn(1, 1, 6, 5)
    found = refinement(torch.rand(1, 8, 6, 5), torch.rand(1, 4, 6, 5), region, [torch.randn(1, 1, 6, 5)])
    torch.testing.assert_close(found, enlarge(enlarge(region, 2), 2))


def test_the_four_corrections_of_a_pixel_become_its_quarters() -> None:
    refinement = RefinementDecoder(8, 4, maps=0, width=8, prior=0.5).eval()
    torch.nn.init.zeros_(refinement.correction.weight)
    refinement.correction.bias = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    found = refinement(torch.rand(1, 8, 1, 1), torch.rand(1, 4, 1, 1), None, [])
    torch.testing.assert_close(found, enlarge(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 2))


def test_every_map_takes_part_in_the_correction() -> None:
    refinement = RefinementDecoder(8, 4, maps=3, width=8, prior=0.5).eval()
    region, boundary, uncertainty = (torch.zeros(1, 1, 4, 4, requires_grad=True) for _ in range(3))
    refinement(torch.rand(1, 8, 4, 4), torch.rand(1, 4, 4, 4), region, [boundary, uncertainty]).sum().backward()
    assert all(m.grad is not None and m.grad.abs().sum() > 0 for m in (region, boundary, uncertainty))

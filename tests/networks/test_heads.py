import pytest
import torch

from dermaseg_monai.networks.heads import MapHead


@pytest.mark.parametrize("prior", [0.1, 0.25])
def test_a_new_head_gives_about_its_prior(prior: float) -> None:
    torch.manual_seed(0)
    probability = MapHead(16, prior=prior)(torch.rand(2, 16, 8, 8)).sigmoid()
    assert probability.shape == (2, 1, 8, 8)
    torch.testing.assert_close(probability, torch.full_like(probability, prior), atol=0.03, rtol=0)

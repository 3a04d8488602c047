"""A linear model with random intercepts for one or two crossed factors, fitted by restricted maximum likelihood.

    y = X β + u[first] + v[second] + e,   u ~ N(0, γ₁ σ²),  v ~ N(0, γ₂ σ²),  e ~ N(0, σ²)

β and σ² are profiled out (Bates et al. 2015, 10.18637/jss.v067.i01), which leaves γ₁ and γ₂ to search. The first factor
may have any number of levels: it is eliminated level by level, and levels of one size share a term, so that after one
pass over the data the likelihood costs nothing that grows with them. The second is eliminated by Woodbury's identity,
at the cube of its levels.
"""

from dataclasses import dataclass
from itertools import product
from math import exp, log, pi
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int
from scipy import linalg, optimize, sparse

from dermaseg_monai.errors import DataError

MOST_LEVELS: Final = 500
"""Of the second factor: one evaluation of the likelihood is then some 10 ms."""

_LOWEST, _HIGHEST = -14.0, 10.0
"""Bounds of log γ: below the first the factor explains nothing, above the second everything."""


@dataclass(frozen=True, eq=False)
class MixedFit:
    """What was estimated.

    Attributes:
        effects: β, a value per column of the design.
        covariance: of the effects, at the estimated variances.
        first: variance of the first random intercept; 0 where there is none.
        second: variance of the second; 0 where there is none.
        residual: variance that is left.
        log_likelihood: restricted, with all constants but ½ log |X'X|.
        n: observations.
    """

    effects: Float[np.ndarray, " p"]
    covariance: Float[np.ndarray, "p p"]
    first: float
    second: float
    residual: float
    log_likelihood: float
    n: int


class MixedModel:
    """The restricted likelihood of one set of data as a function of the two variance ratios.

    Args:
        response: y.
        design: X, of full column rank.
        first: level of the first factor per observation, from 0; None leaves it out.
        second: level of the second, at most `MOST_LEVELS`; None leaves it out.

    Raises:
        DataError: too few observations for the columns, a column that follows from others, or nothing that varies
            beyond the design.
    """

    def __init__(
        self,
        response: Float[np.ndarray, " n"],
        design: Float[np.ndarray, "n p"],
        *,
        first: Int[np.ndarray, " n"] | None,
        second: Int[np.ndarray, " n"] | None,
    ) -> None:
        self.n, self.p = design.shape
        if self.n <= self.p:
            raise DataError(f"{self.n} observations cannot carry {self.p} effects. Use fewer factors or more data.")
        if np.linalg.matrix_rank(design) < self.p:
            raise DataError(f"The {self.p} columns of the design follow from each other. Leave a factor out.")
        # the likelihood is that of the residuals of least squares; small numbers are squared more exactly
        self._start = np.linalg.lstsq(design, response, rcond=None)[0]
        rest = response - design @ self._start
        if float(rest @ rest) <= 1e-20 * max(1.0, float(response @ response)):
            raise DataError(f"The {self.n} values do not vary beyond the {self.p} effects: no variance to estimate.")
        self.has = (first is not None, second is not None)
        levels = _incidence(second, self.n)
        self.q = levels.shape[1]
        if self.q > MOST_LEVELS:
            raise DataError(f"The second factor has {self.q} levels, more than {MOST_LEVELS}. Leave it out.")
        work = sparse.hstack([sparse.csr_array(design), levels, sparse.csr_array(rest[:, None])]).tocsr()
        self._total = (work.T @ work).toarray()
        self._by_size = list(_sums_by_size(work, first))

    def log_likelihood(self, gamma_first: float, gamma_second: float) -> float:
        """Return the restricted log likelihood at two variance ratios, β and σ² at their best."""
        return self._solve(gamma_first, gamma_second)[0]

    def fit(self) -> MixedFit:
        """Return the estimate of greatest restricted likelihood."""
        return self.at(*self.best())

    def best(self) -> tuple[float, float]:
        """Return the ratios γ₁ and γ₂ of greatest restricted likelihood; 0 for a factor that is not there."""
        free = [number for number in (0, 1) if self.has[number]]
        if not free:
            return 0.0, 0.0

        def ratios(point: np.ndarray) -> tuple[float, float]:
            found = [0.0, 0.0]
            for number, value in zip(free, point, strict=True):
                found[number] = exp(value) if value > _LOWEST else 0.0
            return found[0], found[1]

        def loss(point: np.ndarray) -> float:
            return -self.log_likelihood(*ratios(point))

        grid = [np.array(at) for at in product(np.linspace(_LOWEST, _HIGHEST, 6), repeat=len(free))]
        start = min(grid, key=loss)  # the likelihood is flat far away: a search needs a start near its top
        found = optimize.minimize(
            loss,
            np.clip(start, _LOWEST + 1, _HIGHEST - 1),
            method="Nelder-Mead",
            bounds=[(_LOWEST, _HIGHEST)] * len(free),
            options={"xatol": 1e-5, "fatol": 1e-9, "maxiter": 1000},
        )
        return ratios(found.x if found.fun <= loss(start) else start)

    def at(self, gamma_first: float, gamma_second: float) -> MixedFit:
        """Return effects and variances at two variance ratios."""
        value, step, inverse, residual = self._solve(gamma_first, gamma_second)
        return MixedFit(
            self._start + step,
            residual * inverse,
            gamma_first * residual,
            gamma_second * residual,
            residual,
            value,
            self.n,
        )

    def _solve(self, gamma_first: float, gamma_second: float) -> tuple[float, np.ndarray, np.ndarray, float]:
        cross, log_det = self._total, 0.0
        for size, count, sums in self._by_size:
            cross = cross - gamma_first / (1 + gamma_first * size) * sums
            log_det += count * log(1 + gamma_first * size)
        cross, log_det_second = _eliminate(cross, self.p, self.q, gamma_second)
        information, moment = cross[: self.p, : self.p], cross[: self.p, -1]
        factor: Any = linalg.cho_factor(information, lower=True)
        step = linalg.cho_solve(factor, moment)
        freedom = self.n - self.p
        residual = max(float(cross[-1, -1] - moment @ step) / freedom, 1e-300)
        log_det += log_det_second + 2 * float(np.log(np.diag(factor[0])).sum())
        value = -0.5 * (freedom * (log(2 * pi * residual) + 1) + log_det)
        return value, step, linalg.cho_solve(factor, np.eye(self.p)), residual


def _eliminate(cross: np.ndarray, p: int, q: int, gamma: float) -> tuple[np.ndarray, float]:
    # Woodbury: (A + γ Z Z')⁻¹ = A⁻¹ - γ A⁻¹ Z (I + γ Z' A⁻¹ Z)⁻¹ Z' A⁻¹
    kept = [*range(p), p + q]
    if q == 0 or gamma == 0:
        return cross[np.ix_(kept, kept)], 0.0
    inner = np.eye(q) + gamma * cross[p : p + q, p : p + q]
    factor: Any = linalg.cho_factor(inner, lower=True)
    shared = cross[p : p + q][:, kept]
    log_det = 2 * float(np.log(np.diag(factor[0])).sum())
    return cross[np.ix_(kept, kept)] - gamma * shared.T @ linalg.cho_solve(factor, shared), log_det


def _sums_by_size(work: Any, first: Int[np.ndarray, " n"] | None) -> list[tuple[int, int, np.ndarray]]:  # noqa: ANN401
    """Per size of a level of the first factor: size, number of such levels, Σ s s' of the sums s over a level."""
    if first is None:
        return []
    sizes = np.bincount(first)
    sums = (_incidence(first, len(first)).T @ work).tocsr()
    found = []
    for size in np.unique(sizes[sizes > 0]):
        chosen = sums[np.flatnonzero(sizes == size)]
        found.append((int(size), chosen.shape[0], (chosen.T @ chosen).toarray()))
    return found


def _incidence(codes: Int[np.ndarray, " n"] | None, n: int) -> Any:  # noqa: ANN401 (a sparse array)
    if codes is None:
        return sparse.csr_array((n, 0))
    return sparse.csr_array((np.ones(n), (np.arange(n), codes)), shape=(n, int(codes.max()) + 1))

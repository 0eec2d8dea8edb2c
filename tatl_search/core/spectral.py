"""Spectral pruning's arithmetic: how well kept units tell all units of a group, by linear algebra.

Suzuki, Abe, Murata, Horiuchi, Ito, Wachi, Hirai, Yukishima, Nishimura: "Spectral Pruning:
Compressing Deep Neural Networks via Spectral Analysis and its Generalization Error" (IJCAI 2020,
arXiv 1808.08558). The discrepancy between domains follows Dillard, Shinya, Suzuki 2019
(arXiv 1912.11853); its formula is *our reading*.

Words: Sigma (n, n) holds the second moments E[phi phi^T] of a group's n units; J are the kept
units and F all of them; lambda > 0 is the ridge, in Sigma's unit; the metric (n, n) says what an
error costs: the identity gives the input information loss L_A, Z^T Z the output information loss
L_B of a reader with weights Z, and theta I + (1 - theta) Z^T Z their mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.floating[Any]]

SHORTLIST = 128
"""Units that are looked at in a block of greedy selection; groups up to this wide are exact."""

FIRST_BLOCK, BLOCK = 4, 64
"""Units that are taken in before all others are looked at again: at first few, since the first
ones tell most of the others, then as many as were taken in before, to at most the second number."""

TIE = 1e-9
"""Step by which scores of equal worth differ, relative to the highest, to keep their order."""


@dataclass(frozen=True)
class Discrepancy:
    """How much the second moments of kept units differ between two domains.

    R(J) = sum over i in J of |source[i, J] - target[i, J]|^2 / |source[i, J]|^2: *our reading*.
    A unit that is silent in the source counts 0 if it is so in the target too, else 1.

    Attributes:
        source: (n, n) second moments in the source domain.
        target: (n, n) second moments in the target domain.
        weight: what R(J) counts beside the information loss, at least 0.
    """

    source: Matrix
    target: Matrix
    weight: float


@dataclass(frozen=True)
class Ranking:
    """The units of a group in the order in which greedy selection takes them in.

    Attributes:
        order: (n,) units, the most telling first; each prefix is the selection of that size.
        losses: (n + 1,) information loss of each prefix, from none kept to all kept.
        objectives: (n + 1,) what was minimised: the loss plus the weighted discrepancy.
    """

    order: Ints
    losses: Floats
    objectives: Floats


def reconstruction(sigma: Matrix, kept: Sequence[int] | Ints, ridge: float) -> Floats:
    """Return A_J (n, |J|) = Sigma_FJ (Sigma_JJ + lambda I)^-1: all units told by the kept ones.

    Raises:
        ValueError: the ridge is not above 0.
    """
    _check_ridge(ridge)
    j = np.asarray(kept, dtype=np.int64)
    exact = np.asarray(sigma, dtype=np.float64)
    inner = exact[np.ix_(j, j)] + ridge * np.eye(len(j))
    return np.asarray(np.linalg.solve(inner, exact[j]).T, dtype=np.float64)


def information_loss(
    sigma: Matrix, kept: Sequence[int] | Ints, ridge: float, metric: Matrix
) -> float:
    """Return Tr(metric (Sigma - A_J Sigma_JF)).

    It is the mean of (phi - A_J phi_J)^T metric (phi - A_J phi_J) over the data that Sigma was
    taken from, plus lambda Tr(A_J^T metric A_J).

    Raises:
        ValueError: the ridge is not above 0.
    """
    left = sigma - reconstruction(sigma, kept, ridge) @ sigma[np.asarray(kept, dtype=np.int64)]
    return float(np.sum(metric * left))


def greedy_ranking(
    sigma: Matrix, ridge: float, metric: Matrix, discrepancy: Discrepancy | None = None
) -> Ranking:
    """Take in units one by one, each time the one that lowers the objective most.

    The residual S = Sigma - A_J Sigma_JF follows from its Schur complement: taking in unit j
    leaves S - s s^T / (s_j + lambda) with s = S[:, j], and lowers the information loss by
    s^T metric s / (s_j + lambda). So it is Sigma - L L^T with a Cholesky factor L that grows by a
    column, and nothing is ever inverted.
    Of equal units the lower index goes in first.

    *Our reading* of groups wider than `SHORTLIST`: a block of up to `BLOCK` units is chosen among
    the `SHORTLIST` that promise most at its start. To look at all units for each that goes in
    reads n^2 numbers n times; this reads O(n) of them n times, and multiplies matrices per block.

    Args:
        sigma: (n, n) second moments, symmetric and positive semi-definite.
        ridge: lambda, above 0.
        metric: (n, n) what an error costs, symmetric and positive semi-definite.
        discrepancy: added to the objective; null leaves the information loss alone.

    Raises:
        ValueError: the ridge is not above 0.
    """
    _check_ridge(ridge)
    residual = _Residual(np.array(sigma, np.float64), np.asarray(metric, np.float64), ridge)
    apart = _Apart(discrepancy) if discrepancy and discrepancy.weight > 0.0 else None
    waiting = np.arange(len(sigma))
    order: list[int] = []
    losses, objectives = [residual.loss], [residual.loss]
    while len(waiting):
        shortlist = _most_promising(waiting, residual, apart)
        residual.begin_block(shortlist)
        if apart:
            apart.begin_block(shortlist)
        is_open = np.ones(len(shortlist), dtype=np.bool_)
        for _ in range(min(max(FIRST_BLOCK, min(len(order), BLOCK)), len(shortlist))):
            drops = residual.drops()
            gains = drops - apart.rises() if apart else drops
            best = int(np.argmax(np.where(is_open, gains, -np.inf)))
            is_open[best] = False
            order.append(int(shortlist[best]))
            losses.append(losses[-1] - drops[best])
            objectives.append(objectives[-1] - gains[best])
            residual.take(best)
            if apart:
                apart.take(best)
        residual.end_block()
        waiting = np.setdiff1d(waiting, shortlist[~is_open])
    return Ranking(np.array(order, dtype=np.int64), np.array(losses), np.array(objectives))


def ranking_scores(ranking: Ranking) -> Floats:
    """Return (n,) numbers >= 0 that fall strictly in the order of a ranking.

    A unit's score is by how much it lowered the objective when it went in, made non-increasing
    by the least concave curve above the sum of these drops (neighbours out of order share their
    mean). So with Sigma of trace 1 the sum of the k highest scores is the share of Tr(metric
    Sigma) that k units explain, wherever the curve was concave. Drops below 0, which only a
    discrepancy brings, count 0. A group that explains nothing scores 0 throughout.
    """
    drops = np.maximum(_non_increasing(-np.diff(ranking.objectives)), 0.0)
    ranks = np.arange(len(drops), 0, -1) / len(drops)
    scores = np.empty(len(drops))
    scores[ranking.order] = drops + TIE * ranks * drops.max(initial=0.0)
    return scores


def _most_promising(waiting: Ints, residual: "_Residual", apart: "_Apart | None") -> Ints:
    """Return the waiting units, or so many of them, that would lower the objective most."""
    if len(waiting) <= SHORTLIST:
        return waiting
    gains = residual.drops_of(waiting)
    if apart:
        gains = gains - apart.rises_of(waiting)
    return np.sort(waiting[np.argsort(-gains, kind="stable")[:SHORTLIST]])


class _Residual:
    """What the units taken in so far leave untold, and by how much each other would lower it.

    Within a block the residual is `_left` - L L^T, with a column of L for each unit of the block
    taken in; `_costs` holds metric L. Only units of the block's shortlist are kept up to date.
    """

    def __init__(self, sigma: Floats, metric: Floats, ridge: float) -> None:
        self.loss = float(np.sum(metric * sigma))
        self._left = sigma
        self._metric = metric
        self._ridge = ridge
        self._weighed = np.einsum("ij,ij->j", sigma, metric @ sigma)  # s^T metric s, all columns
        self._factor = np.empty((len(sigma), BLOCK), order="F")
        self._costs = np.empty((len(sigma), BLOCK), order="F")
        self._taken = 0

    def drops_of(self, units: Ints) -> Floats:
        """Return by how much each of these would lower the information loss; between blocks."""
        return self._drops(self._weighed[units], np.diagonal(self._left)[units])

    def begin_block(self, shortlist: Ints) -> None:
        self._units = shortlist
        self._rows = self._left[shortlist] @ self._metric  # (metric s)^T of each
        self._short_weighed = self._weighed[shortlist]
        self._short_diagonal = np.diagonal(self._left)[shortlist].copy()
        self._taken = 0

    def drops(self) -> Floats:
        """Return by how much each unit of the shortlist would lower the information loss."""
        return self._drops(self._short_weighed, self._short_diagonal)

    def take(self, place: int) -> None:
        """Take in the unit at this place of the shortlist."""
        factor, costs = self._factor[:, : self._taken], self._costs[:, : self._taken]
        unit = self._units[place]
        size = np.sqrt(max(self._short_diagonal[place], 0.0) + self._ridge)
        column = (self._left[:, unit] - factor @ factor[unit]) / size
        cost = (self._rows[place] - costs @ factor[unit]) / size  # metric column
        short = column[self._units]
        crossed = self._rows @ column - factor[self._units] @ (cost @ factor)
        self._short_weighed += short * (short * float(column @ cost) - 2.0 * crossed)
        self._short_diagonal -= np.square(short)
        self._factor[:, self._taken] = column
        self._costs[:, self._taken] = cost
        self._taken += 1

    def end_block(self) -> None:
        """Let all units hear of what was taken in."""
        factor, costs = self._factor[:, : self._taken], self._costs[:, : self._taken]
        crossed = self._left @ costs
        self._weighed += np.sum(factor * (factor @ (factor.T @ costs) - 2.0 * crossed), axis=1)
        self._left -= factor @ factor.T

    def _drops(self, weighed: Floats, diagonal: Floats) -> Floats:
        drops: Floats = np.maximum(weighed, 0.0) / (np.maximum(diagonal, 0.0) + self._ridge)
        return drops


class _Apart:
    """The discrepancy of the units taken in so far, and by how much each other would raise it."""

    def __init__(self, discrepancy: Discrepancy) -> None:
        source = np.asarray(discrepancy.source, dtype=np.float64)
        self._weight = discrepancy.weight
        self._gaps = np.square(source - discrepancy.target)
        self._sizes = np.square(source)
        self._in = np.empty(0, dtype=np.int64)
        self._gap = np.zeros(len(source))  # row i: summed over the units taken in
        self._size = np.zeros(len(source))

    def rises_of(self, units: Ints) -> Floats:
        """Return by how much each of these would raise the weighted discrepancy."""
        cross = np.ix_(self._in, units)
        return self._rises(units, self._gaps[cross], self._sizes[cross])

    def begin_block(self, shortlist: Ints) -> None:
        self._units = shortlist
        cross = np.ix_(self._in, shortlist)
        room = ((0, BLOCK), (0, 0))  # rows of the units that will be taken in
        self._block_gaps = np.pad(self._gaps[cross], room)
        self._block_sizes = np.pad(self._sizes[cross], room)

    def rises(self) -> Floats:
        """Return by how much each unit of the shortlist would raise the weighted discrepancy."""
        taken = len(self._in)
        return self._rises(self._units, self._block_gaps[:taken], self._block_sizes[:taken])

    def take(self, place: int) -> None:
        """Take in the unit at this place of the shortlist."""
        unit = self._units[place]
        self._block_gaps[len(self._in)] = self._gaps[unit, self._units]
        self._block_sizes[len(self._in)] = self._sizes[unit, self._units]
        self._in = np.append(self._in, unit)
        self._gap += self._gaps[unit]
        self._size += self._sizes[unit]

    def _rises(self, units: Ints, gaps: Floats, sizes: Floats) -> Floats:
        gap, size = self._gap[self._in], self._size[self._in]
        with_it = _ratio(gap[:, None] + gaps, size[:, None] + sizes).sum(axis=0)
        own = _ratio(
            self._gap[units] + self._gaps[units, units],
            self._size[units] + self._sizes[units, units],
        )
        rises: Floats = self._weight * (with_it - _ratio(gap, size).sum() + own)
        return rises


def _ratio(gap: Floats, size: Floats) -> Floats:
    """Return gap / size; where the size is 0, whether there is a gap at all."""
    return np.divide(gap, size, out=np.asarray(gap > 0.0, dtype=np.float64), where=size > 0.0)


def _non_increasing(values: Floats) -> Floats:
    """Return the non-increasing values nearest to these in least squares (pooled neighbours)."""
    pools: list[tuple[float, int]] = []
    for value in values.tolist():
        total, count = value, 1
        while pools and pools[-1][0] * count <= total * pools[-1][1]:
            earlier, members = pools.pop()
            total, count = total + earlier, count + members
        pools.append((total, count))
    return np.repeat([t / c for t, c in pools], [c for _, c in pools]).astype(np.float64)


def _check_ridge(ridge: float) -> None:
    if not ridge > 0.0:
        raise ValueError(f"the ridge has to be above 0 (got {ridge})")

"""The recolouring read off the object's edge, as a weighted regression over lines that cross it.

Each line yields pairs of colours: a colour of the object as it is now, and an estimate of what it was. The transform
from the former to the latter is a least-squares solution, weighed by how reliable each pair is and regularized by a
prior from the scene as a whole. The solution needs no learning; the pairs, their weights and the prior are learned.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.backend.network.edge_lines import OFFSETS, PROFILE_CHANNELS
from raiha.backend.network.edge_profiles import LINES, EdgeProfiles
from raiha.backend.network.linear_solve import solve

_STEEPNESS = 8.0  # factor of the steps of colour, which are then clipped at 2: small steps carry most information
_PAIRS = 3  # pairs of each line
_DEPTHS = 0.0, 2.0, 4.0  # pixels from the edge at which the pairs' colours are read before training
_CORRECTION = 0.1  # scale of what is added to a colour that was read, shares of full scale
_ROUNDS = 2  # of reweighing; each after the first sees the residuals of the solution before
_LEAST_PRIOR = 1e-3  # keeps the equations solvable
_EVIDENCE = 3  # numbers that measure how well a solution explains the pairs
_BEND_TRUST = 0.03, 1.0  # trust in flat parabolas, and in their other two coefficients, before training


class EdgeFeatures(NamedTuple):
    """Profiles across the object's edge, encoded.

    Attributes:
        lines: (B, channels, L) features of each line.
        summary: (B, outputs) of all lines together; 0 for objects without an edge in the picture.
    """

    lines: Tensor
    summary: Tensor


class EdgeFit(NamedTuple):
    """The transform that explains what is seen at the object's edge.

    Attributes:
        transform: (B, 3, 5) gains, shifts and bends: columns R, G, B, 1 and the square of the row's own channel about
            the object's mean; all 0 where nothing changes.
        summary: (B, solutions) the solutions of all rounds and how well they explain the pairs.
        agreement: (B,) the log of the factor by which gains and shifts reduce the pairs' squared differences.
    """

    transform: Tensor
    summary: Tensor
    agreement: Tensor


class ColourPairs(NamedTuple):
    """Pairs of colours, (B, pairs, 3, L) encoded sRGB each.

    Attributes:
        now: of the object as it is.
        then: what they were before the object was recoloured.
    """

    now: Tensor
    then: Tensor


def _steps(colours: Tensor) -> Tensor:
    """Return (B, n, L) changes of colours (B, 3, offsets, L) from each place of a line to the next."""
    steps: Tensor = (_STEEPNESS * colours.diff(dim=2)).clamp(-2, 2)  # (B, 3, offsets - 1, L)
    return steps.flatten(1, 2)


class EdgeReader(nn.Module):
    """Encodes the profiles across an object's edge.

    Args:
        channels: features of a line; the summary has ``outputs`` numbers.
        heads: of the attention over lines.
    """

    def __init__(self, channels: int = 96, heads: int = 4) -> None:
        super().__init__()
        self.channels = channels
        self.heads = heads
        self.outputs = 3 * channels
        self.lines = nn.Sequential(
            nn.Conv1d(PROFILE_CHANNELS + 3 * (len(OFFSETS) - 1), 2 * channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv1d(2 * channels, channels, 1),
            nn.ReLU(inplace=True),
        )
        self.worth = nn.Conv1d(channels, heads, 1)

    def forward(self, edges: EdgeProfiles) -> EdgeFeatures:
        """Encode the lines of B objects, and summarize them."""
        features = self.lines(torch.cat([edges.profiles, _steps(edges.colours)], dim=1))  # (B, channels, L)
        weights = self.worth(features).softmax(2).unsqueeze(2)  # (B, heads, 1, L)
        parts = features.reshape(len(features), self.heads, -1, features.shape[2])  # (B, heads, channels / heads, L)
        attended = (parts * weights).sum(3).flatten(1)  # (B, channels)
        spread = features.var(2, correction=0).add(1e-5).sqrt()  # (B, channels)
        summary = torch.cat([attended, features.mean(2), spread], dim=1)  # (B, outputs)
        return EdgeFeatures(features, summary * edges.present.unsqueeze(1))


def weighted_regression(weights: Tensor, inputs: Tensor, outputs: Tensor, prior: Tensor, trust: Tensor) -> Tensor:
    """Return the matrices A that minimize sum_n w_n |y_n - A x_n|^2 + sum_j t_j |A_j - P_j|^2, in float32.

    Args:
        weights: (B, n) w, at least 0.
        inputs: (B, p, n) x.
        outputs: (B, q, n) y.
        prior: (B, q, p) P.
        trust: (B, p) t, in the columns of the prior, above 0.

    Returns:
        (B, q, p).
    """
    with torch.autocast(inputs.device.type, enabled=False):
        weights, inputs, outputs, prior, trust = (x.float() for x in (weights, inputs, outputs, prior, trust))
        weighed = inputs * weights.unsqueeze(1)  # (B, p, n)
        left = weighed @ inputs.transpose(1, 2) + torch.diag_embed(trust)  # (B, p, p)
        right = weighed @ outputs.transpose(1, 2) + (prior * trust.unsqueeze(1)).transpose(1, 2)  # (B, p, q)
        solution = solve(left, right)  # (B, p, q)
    return solution.transpose(1, 2)


def evidence(weights: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Measure how well a transform explains pairs of colours.

    Args:
        weights: (B, n) at least 0.
        before: (B, 3, n) the pairs' differences.
        after: (B, 3, n) the differences that remain after the transform.

    Returns:
        (B, 3) logs of the total weight, and of the mean squared difference before and after. Where nothing was
        recoloured, the pairs differ little before and after.
    """
    total = weights.sum(1) + 1e-3  # (B,)
    errors = [(weights * differences.square().sum(1)).sum(1) / total + 1e-5 for differences in (before, after)]
    return torch.stack([total, *errors], dim=1).log()


def _flat(colours: Tensor) -> Tensor:
    """Return (B, pairs, C, L) as (B, C, pairs * L)."""
    return colours.transpose(1, 2).flatten(2)


class EdgeRegression(nn.Module):
    """Estimates pairs of colours from the lines, and the transform that explains them.

    Args:
        channels: features of a line.
        scene: length of the vector that describes the scene as a whole.
    """

    def __init__(self, channels: int, scene: int) -> None:
        super().__init__()
        self.context = nn.Linear(scene, channels)
        self.places = nn.Conv1d(channels, _PAIRS * 2 * len(OFFSETS), 1)
        self.correction = nn.Conv1d(channels, _PAIRS * 3, 1)
        self.weighers = nn.ModuleList(
            nn.Sequential(nn.Conv1d(channels + residuals, 48, 1), nn.ReLU(inplace=True), nn.Conv1d(48, _PAIRS, 1))
            for residuals in (0, *[7 * _PAIRS] * (_ROUNDS - 1))
        )
        self.prior = nn.Linear(scene, 12)
        self.trust = nn.Linear(scene, 4)
        self.solutions = (12 + _EVIDENCE) * _ROUNDS + 4
        self.belief = nn.Linear(_EVIDENCE, 1)
        self.bend = nn.Linear(scene, 5)
        self._begin_beside_the_edge()

    @torch.no_grad()
    def _begin_beside_the_edge(self) -> None:
        """Make the untrained module read its pairs at given depths on both sides of the edge, without corrections."""
        self.places.weight.mul_(0.1)
        offsets = torch.tensor(OFFSETS)  # (offsets,)
        inside, elsewhere = offsets < 0, torch.tensor(-9.0)
        starts = []
        for depth in _DEPTHS:
            starts.append(torch.where(inside, -(offsets + 1.5 + depth).abs(), elsewhere))
            starts.append(torch.where(inside, elsewhere, -(offsets - depth).abs()))
        self.places.bias.copy_(torch.cat(starts))  # type: ignore[union-attr]
        for layer in (self.correction, self.prior, self.trust, self.belief, self.bend):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.trust.bias.copy_(torch.tensor([-2.0, -2.0, -2.0, 0.0]))
        self.belief.bias.fill_(3.0)
        self.bend.bias[3:] = torch.tensor(_BEND_TRUST).log()

    def _pairs(self, colours: Tensor, features: Tensor) -> ColourPairs:
        """Estimate pairs from the colours (B, 3, offsets, L) along lines and the lines' features (B, channels, L)."""
        count, _, lines = features.shape
        places = self.places(features).reshape(count, _PAIRS, 2, len(OFFSETS), lines).softmax(3)
        now, then = torch.einsum("bmsol,bcol->bmscl", places, colours).unbind(2)  # (B, pairs, 3, L) each
        return ColourPairs(now, then + _CORRECTION * self.correction(features).reshape(now.shape))

    def _bent(self, gains: Tensor, weights: Tensor, colours: Tensor, residuals: Tensor, scene: Tensor) -> Tensor:
        """Add a parabola for each channel, fitted to the residuals: tone curves bend colours, affine transforms do not.

        Args:
            gains: (B, 3, 4) gains and shifts.
            weights: (B, pairs, L).
            colours: (B, pairs, 3, L) about the object's mean.
            residuals: (B, pairs, 3, L) differences that gains and shifts leave.
            scene: (B, n).

        Returns:
            (B, 3, 5) gains, shifts and bends.
        """
        own = _flat(colours).flatten(0, 1)  # (3 B, n)
        inputs = F.pad(torch.stack([own.square(), own], dim=1), (0, 0, 0, 1), value=1.0)  # (3 B, 3, n)
        weighed = weights.flatten(1).repeat_interleave(3, dim=0)  # (3 B, n)
        wanted, trusts = self.bend(scene).tensor_split([3], dim=1)  # (B, 3), (B, 2)
        prior = F.pad(wanted.reshape(-1, 1, 1), (0, 2))  # (3 B, 1, 3)
        flat, others = trusts.exp().unbind(1)  # (B,), (B,)
        trust = torch.stack([flat, others, others], dim=1).repeat_interleave(3, dim=0) + _LEAST_PRIOR  # (3 B, 3)
        outputs = _flat(residuals).flatten(0, 1).unsqueeze(1)  # (3 B, 1, n)
        parabolas = weighted_regression(weighed, inputs, outputs, prior, trust)  # (3 B, 1, 3)
        bend, slope, shift = parabolas.reshape(-1, 3, 3).unbind(2)  # (B, 3) each
        slopes = torch.cat([torch.diag_embed(slope), shift.unsqueeze(2)], dim=2)  # (B, 3, 4)
        return torch.cat([gains + slopes, bend.unsqueeze(2)], dim=2)

    def forward(self, edges: EdgeProfiles, features: Tensor, scene: Tensor, mean: Tensor) -> EdgeFit:
        """Fit the transform of the object as a whole: affine first, then a parabola for each channel.

        Args:
            edges: of B objects.
            features: (B, channels, L) of the lines.
            scene: (B, n) describes the scene as a whole.
            mean: (B, 3) the object's mean colour, encoded sRGB; gains turn about it.
        """
        features = (features + self.context(scene).unsqueeze(2)).relu()  # (B, channels, L)
        now, then = self._pairs(edges.colours, features)  # (B, pairs, 3, L) each
        inputs = F.pad(now - mean[:, None, :, None], (0, 0, 0, 1), value=1.0)  # (B, pairs, 4, L)
        outputs = then - now  # (B, pairs, 3, L)
        prior, trust = self.prior(scene).reshape(-1, 3, 4), self.trust(scene)  # (B, 3, 4), (B, 4)
        gains, solutions, proofs, seen = prior, [], [], features
        share = LINES / features.shape[2]  # so that more lines than in training weigh no more against the prior
        for weigher in self.weighers:
            weights = share * F.softplus(weigher(seen) - 2) * edges.present[:, None, None]  # (B, pairs, L)
            gains = weighted_regression(
                weights.flatten(1), _flat(inputs), _flat(outputs), prior, trust.exp() + _LEAST_PRIOR
            )  # (B, 3, 4)
            solutions.append(gains.flatten(1))  # (B, 12)
            residuals = outputs - torch.einsum("bij,bmjl->bmil", gains, inputs)  # (B, pairs, 3, L)
            proofs.append(evidence(weights.flatten(1), _flat(outputs), _flat(residuals)))  # (B, 3)
            error = (residuals.square().sum(2) + 1e-4).log()  # (B, pairs, L)
            seen = torch.cat([features, 4 * residuals.flatten(1, 2), 4 * residuals.abs().flatten(1, 2), error], dim=1)
        transform = self._bent(gains, weights, inputs[:, :, :3], residuals, scene)  # (B, 3, 5)
        _, before, after = proofs[-1].unbind(1)  # (B,) each
        belief = self.belief(proofs[-1]).sigmoid().unsqueeze(2)  # (B, 1, 1)
        summary = torch.cat([*(3 * solution for solution in solutions), trust, *proofs], dim=1)  # (B, solutions)
        return EdgeFit(belief * transform, summary, before - after)

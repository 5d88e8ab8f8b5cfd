"""The recolouring read off the object's edge, as a weighted regression over lines that cross it.

Each line guesses pairs of colours: one of the object as it is now, and what that colour was. Which transform leads from
the ones to the others is a least-squares problem, weighed by how far each guess can be trusted, and held by what the
scene as a whole suggests. Its solution needs no learning; guessing pairs and weights does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raiha.backend.network.edge_profiles import LINES, OFFSETS, PROFILE_CHANNELS, EdgeProfiles

_STEEPNESS = 8.0  # steps of colour are multiplied by this, clipped to 2: small ones tell most
_PAIRS = 3  # guesses of each line
_DEPTHS = 0.0, 2.0, 4.0  # pixels from the edge at which the pairs' colours begin to be read before training
_CORRECTION = 0.1  # scale of what is added to a colour that was read, shares of full scale
_ROUNDS = 2  # of weighing; each after the first sees what the solution before leaves unexplained
_LEAST_PRIOR = 1e-3  # keeps the equations solvable
_EVIDENCE = 3  # numbers that tell how well a solution explains the pairs
_BEND_TRUST = 0.03, 1.0  # in parabolas that are flat, and in what goes with them, before training


def _steps(colours: Tensor) -> Tensor:
    """(B, n, L) changes of colours (B, 3, offsets, L) from each place of a line to the next."""
    steps: Tensor = (_STEEPNESS * colours.diff(dim=2)).clamp(-2, 2)
    return steps.flatten(1, 2)


class EdgeReader(nn.Module):
    """Profiles across the edge to what each line says, and to one vector of all.

    Args:
        channels: of what a line says; the vector has ``outputs`` numbers.
        heads: ways to weigh the lines against one another.
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

    def forward(self, edges: EdgeProfiles) -> tuple[Tensor, Tensor]:
        """What the lines say (B, channels, L), and all of them (B, outputs), 0 for objects without an edge."""
        said = self.lines(torch.cat([edges.profiles, _steps(edges.colours)], dim=1))
        weights = self.worth(said).softmax(2).unsqueeze(2)  # (B, heads, 1, L)
        parts = said.reshape(len(said), self.heads, -1, said.shape[2])
        weighed = (parts * weights).sum(3).flatten(1)
        spread = said.var(2, correction=0).add(1e-5).sqrt()
        return said, torch.cat([weighed, said.mean(2), spread], dim=1) * edges.present.unsqueeze(1)


def weighted_regression(weights: Tensor, inputs: Tensor, outputs: Tensor, prior: Tensor, trust: Tensor) -> Tensor:
    """The matrices A that minimize sum_n w_n |y_n - A x_n|^2 + sum_j t_j |A_j - P_j|^2, in float32.

    Args:
        weights: (B, n) at least 0.
        inputs: (B, p, n) x.
        outputs: (B, q, n) y.
        prior: (B, q, p) P.
        trust: (B, p) in the columns of the prior, above 0.

    Returns:
        (B, q, p).
    """
    with torch.autocast(inputs.device.type, enabled=False):
        weights, inputs, outputs, prior, trust = (x.float() for x in (weights, inputs, outputs, prior, trust))
        weighed = inputs * weights.unsqueeze(1)
        left = weighed @ inputs.transpose(1, 2) + torch.diag_embed(trust)
        right = weighed @ outputs.transpose(1, 2) + (prior * trust.unsqueeze(1)).transpose(1, 2)
        solution: Tensor = torch.linalg.solve(left, right)
    return solution.transpose(1, 2)


def evidence(weights: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """How well a transform explains pairs of colours: logs of their weight, and of the errors before and after.

    Args:
        weights: (B, n) at least 0.
        before: (B, 3, n) by how much the pairs differ.
        after: (B, 3, n) by how much they still do, once transformed.

    Returns:
        (B, 3). Where nothing was recoloured, the pairs differ as little before as after.
    """
    total = weights.sum(1) + 1e-3
    errors = [(weights * one.square().sum(1)).sum(1) / total + 1e-5 for one in (before, after)]
    return torch.stack([total, *errors], dim=1).log()


def _flat(colours: Tensor) -> Tensor:
    """(B, pairs, C, L) to (B, C, pairs * L)."""
    return colours.transpose(1, 2).flatten(2)


class EdgeRegression(nn.Module):
    """Pairs of colours from the lines, and the transform that explains them.

    Args:
        channels: of what a line says.
        scene: numbers that describe the scene as a whole.
    """

    def __init__(self, channels: int, scene: int) -> None:
        super().__init__()
        self.context = nn.Linear(scene, channels)
        self.places = nn.Conv1d(channels, _PAIRS * 2 * len(OFFSETS), 1)
        self.correction = nn.Conv1d(channels, _PAIRS * 3, 1)
        self.weighers = nn.ModuleList(
            nn.Sequential(nn.Conv1d(channels + seen, 48, 1), nn.ReLU(inplace=True), nn.Conv1d(48, _PAIRS, 1))
            for seen in (0, *[7 * _PAIRS] * (_ROUNDS - 1))
        )
        self.prior = nn.Linear(scene, 12)
        self.trust = nn.Linear(scene, 4)
        self.solutions = (12 + _EVIDENCE) * _ROUNDS + 4
        self.belief = nn.Linear(_EVIDENCE, 1)
        self.bend = nn.Linear(scene, 5)
        self._begin_beside_the_edge()

    @torch.no_grad()
    def _begin_beside_the_edge(self) -> None:
        """Before training, pairs are read at given depths on both sides of the edge, and nothing is added to them."""
        self.places.weight.mul_(0.1)
        offsets = torch.tensor(OFFSETS)
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

    def _pairs(self, colours: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
        """Colours (B, pairs, 3, L) as they are and as they were, of those (B, 3, offsets, L) along the lines."""
        count, _, lines = said.shape
        places = self.places(said).reshape(count, _PAIRS, 2, len(OFFSETS), lines).softmax(3)
        now, then = torch.einsum("bmsol,bcol->bmscl", places, colours).unbind(2)
        return now, then + _CORRECTION * self.correction(said).reshape(now.shape)

    def _bent(self, gains: Tensor, weights: Tensor, colours: Tensor, left: Tensor, scene: Tensor) -> Tensor:
        """Gains (B, 3, 4) with a parabola for each channel, (B, 3, 5), fitted to what they leave unexplained.

        Tone curves bend colours, which no affine transform does. Weights are (B, pairs, L), colours, about the object's
        mean, and ``left`` (B, pairs, 3, L).
        """
        own = _flat(colours).flatten(0, 1)
        inputs = torch.stack([own.square(), own, torch.ones_like(own)], dim=1)
        weighed = weights.flatten(1).repeat_interleave(3, dim=0)
        wanted, trusts = self.bend(scene).tensor_split([3], dim=1)
        prior = F.pad(wanted.reshape(-1, 1, 1), (0, 2))
        flat, beside = trusts.exp().unbind(1)
        trust = torch.stack([flat, beside, beside], dim=1).repeat_interleave(3, dim=0) + _LEAST_PRIOR
        parabolas = weighted_regression(weighed, inputs, _flat(left).flatten(0, 1).unsqueeze(1), prior, trust)
        bend, slope, shift = parabolas.reshape(-1, 3, 3).unbind(2)
        slopes = torch.cat([torch.diag_embed(slope), shift.unsqueeze(2)], dim=2)
        return torch.cat([gains + slopes, bend.unsqueeze(2)], dim=2)

    def forward(self, edges: EdgeProfiles, said: Tensor, scene: Tensor, mean: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The transform of the object as a whole: affine first, then a parabola for what it leaves unexplained.

        Args:
            edges: of B objects.
            said: (B, channels, L) by the lines.
            scene: (B, n) describes the scene.
            mean: (B, 3) of the object, encoded sRGB; gains turn about it.

        Returns:
            Gains, shifts and bends (B, 3, 5), columns R, G, B, 1 and the square of the row's own channel, all 0 where
            nothing changes; (B, solutions) numbers that tell how they came about; and (B,) how well gains and shifts
            explain the pairs: the log of how many times smaller they make the pairs' differences.
        """
        said = (said + self.context(scene).unsqueeze(2)).relu()
        now, then = self._pairs(edges.colours, said)
        inputs = torch.cat([now - mean[:, None, :, None], torch.ones_like(now[:, :, :1])], dim=2)
        outputs = then - now
        prior, trust = self.prior(scene).reshape(-1, 3, 4), self.trust(scene)
        gains, solutions, proofs, seen = prior, [], [], said
        share = LINES / said.shape[2]  # so that more lines than in training weigh no more against the prior
        for weigher in self.weighers:
            weights = share * F.softplus(weigher(seen) - 2) * edges.present[:, None, None]
            gains = weighted_regression(
                weights.flatten(1), _flat(inputs), _flat(outputs), prior, trust.exp() + _LEAST_PRIOR
            )
            solutions.append(gains.flatten(1))
            left = outputs - torch.einsum("bij,bmjl->bmil", gains, inputs)
            proofs.append(evidence(weights.flatten(1), _flat(outputs), _flat(left)))
            error = (left.square().sum(2) + 1e-4).log()
            seen = torch.cat([said, 4 * left.flatten(1, 2), 4 * left.abs().flatten(1, 2), error], dim=1)
        read = self._bent(gains, weights, inputs[:, :, :3], left, scene)
        belief = self.belief(proofs[-1]).sigmoid().unsqueeze(2)
        _, before, after = proofs[-1].unbind(1)
        return belief * read, torch.cat([*(3 * one for one in solutions), trust, *proofs], dim=1), before - after

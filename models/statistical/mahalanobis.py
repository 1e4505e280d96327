"""Mahalanobis monitor of a group of points: is this combination of values normal, and which value speaks against it.

    z = (x - mean)/sigma;  S = (1 - a) C + a I (C the correlation of normal data, a the shrinkage);  s = s + w (z - s)
    d2 = s' S^-1 s (2 - w)/w/(1 - (1 - w)^2t)           w = 1: plain Hotelling T2;  w < 1: MEWMA (Lowry et al. 1992)

Limits: chi2(p) for a known mean and covariance; p (n + 1)(n - 1)/(n (n - p)) F(p, n - p) for those learnt from n
rows (Hotelling; Montgomery ch. 11); or the quantile of the statistic on normal runs that were not used for learning,
which is the one to use: theory limits from 500 correlated rows gave several times the nominal false alarms.

Constant columns (spread at the floor, see reference) enter without correlation to any other. Points that the reference
does not know make the monitor unknown. Shapes: (n_points,) a scan, (n_rows, n_points) for learning; d2 has no unit.
"""

from dataclasses import dataclass

import numpy as np

from models.statistical.reference import Array, Reference

SHRINKAGE = 0.01  # 1 %: enough for full rank, hardly felt by the statistic (site default)


@dataclass(frozen=True, slots=True, kw_only=True)
class MahalanobisModel:
    """What was learnt. `whitener` W has W z of unit covariance (the inverse of the Cholesky factor of S)."""

    reference: Reference
    whitener: Array  # (n_points, n_points), lower triangular
    precision_diagonal: Array  # diagonal of S^-1
    rows: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MahalanobisState:
    """Smoothed standardised values (n_points,) and (1 - w)^2t of the complete scans so far."""

    smooth: Array
    fade: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MahalanobisJudgement:
    """One scan. With `unknown`, `distance2` and the contributions are 0 and `beyond` is False: no judgement at all.

    `contribution` (n_points,): by how much d2 falls when that point alone is set to its best guess from the others
    (reconstruction-based, Alcala & Qin 2009); never below 0.
    """

    distance2: float
    beyond: bool
    unknown: bool
    contribution: Array


def learn_mahalanobis(
    rows: Array, reference: Reference, shrinkage: float = SHRINKAGE, weight: float = 1.0
) -> MahalanobisModel:
    """Model from normal rows; a row with a NaN in it is left out. Refuses fewer complete rows than points + 2."""
    if not 0.0 <= shrinkage < 1.0:
        raise ValueError(f"shrinkage must lie in [0, 1), got {shrinkage}")
    if not 0.0 < weight <= 1.0:
        raise ValueError(f"weight must lie in (0, 1], got {weight}")
    points = reference.mean.size
    if rows.ndim != 2 or rows.shape[1] != points:
        raise ValueError(f"rows must be (n_rows, {points}), got {rows.shape}")
    complete = rows[np.isfinite(rows).all(axis=1)]
    if len(complete) < points + 2:
        raise ValueError(
            f"rows: {len(complete)} complete ones are too few for {points} points, {points + 2} are needed"
        )
    z = (complete - reference.mean) / reference.sigma
    correlation = z.T @ z / (len(complete) - 1)
    moved = complete.std(axis=0) >= reference.sigma * 1e-3
    pair = moved[:, None] & moved[None, :]
    shrunk = np.where(pair, (1.0 - shrinkage) * correlation, 0.0)
    shrunk[np.diag_indices(points)] = np.where(moved, shrunk.diagonal() + shrinkage, 1.0)
    try:
        factor = np.linalg.cholesky(shrunk)
    except np.linalg.LinAlgError as error:
        raise ValueError("the covariance has no full rank; a shrinkage above 0 mends that") from error
    whitener = _inverse_of_lower(factor)
    return MahalanobisModel(
        reference=reference,
        whitener=whitener,
        precision_diagonal=(whitener**2).sum(axis=0),
        rows=len(complete),
        weight=weight,
    )


def start_mahalanobis(model: MahalanobisModel) -> MahalanobisState:
    """At the normal mean."""
    return MahalanobisState(smooth=np.zeros_like(model.reference.mean), fade=1.0)


def step_mahalanobis(
    state: MahalanobisState, model: MahalanobisModel, limit: float, x: Array
) -> tuple[MahalanobisState, MahalanobisJudgement]:
    """Take in one scan. With any value NaN or infinite the state holds and the scan is `unknown`."""
    if not (np.isfinite(x).all() and model.reference.known.all()):
        nothing = np.zeros_like(state.smooth)
        return state, MahalanobisJudgement(distance2=0.0, beyond=False, unknown=True, contribution=nothing)
    w = model.weight
    z = (x - model.reference.mean) / model.reference.sigma
    smooth = state.smooth + w * (z - state.smooth)
    fade = state.fade * (1.0 - w) ** 2
    scale = (2.0 - w) / w / (1.0 - fade)
    white = model.whitener @ smooth
    distance2 = float(white @ white) * scale
    contribution = (model.whitener.T @ white) ** 2 / model.precision_diagonal * scale
    judgement = MahalanobisJudgement(
        distance2=distance2, beyond=distance2 > limit, unknown=False, contribution=contribution
    )
    return MahalanobisState(smooth=smooth, fade=fade), judgement


def chi2_limit(points: int, alarm_rate: float) -> float:
    """Limit for a known mean and covariance."""
    _check_rate(alarm_rate)
    from scipy.special import chdtri  # here: 13 MB that those who learn their limit do not need

    return float(chdtri(points, alarm_rate))


def f_limit(points: int, rows: int, alarm_rate: float) -> float:
    """Limit for a new scan when mean and covariance come from `rows` independent rows."""
    _check_rate(alarm_rate)
    from scipy.special import fdtri  # here: as above

    if rows <= points:
        raise ValueError(f"rows {rows} must be more than points {points}")
    factor = points * (rows + 1.0) * (rows - 1.0) / (rows * (rows - points))
    return factor * float(fdtri(points, rows - points, 1.0 - alarm_rate))


def learnt_limit(model: MahalanobisModel, normal_rows: Array, alarm_rate: float) -> float:
    """Quantile of the statistic on normal rows in time order, other than those it was learnt from.

    The limit is the value that at most `alarm_rate` of the judged rows exceed; refuses fewer than 1/alarm_rate of them.
    """
    _check_rate(alarm_rate)
    state = start_mahalanobis(model)
    found: list[float] = []
    for row in normal_rows:
        state, judged = step_mahalanobis(state, model, np.inf, row)
        if not judged.unknown:
            found.append(judged.distance2)
    if len(found) * alarm_rate < 1.0:
        raise ValueError(f"normal_rows: {len(found)} judged ones are too few for a false-alarm rate of {alarm_rate}")
    return float(np.quantile(np.array(found), 1.0 - alarm_rate, method="higher"))


def _inverse_of_lower(factor: Array) -> Array:
    """The inverse of a lower triangular matrix (n, n), by forward substitution; lower triangular too."""
    inverse = np.diag(1.0 / factor.diagonal())
    for i in range(1, len(factor)):
        inverse[i, :i] = -(factor[i, :i] @ inverse[:i, :i]) / factor[i, i]
    return inverse


def _check_rate(alarm_rate: float) -> None:
    if not 0.0 < alarm_rate < 1.0:
        raise ValueError(f"alarm_rate must lie in (0, 1), got {alarm_rate}")

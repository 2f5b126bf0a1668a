"""Online Bayesian logistic regression: one Newton step per outcome, bounded state, no learning rate to tune.

Weights carry a Gaussian belief (mean, covariance) that each outcome sharpens (the extended Kalman filter of a logistic
observation). A little is added to the covariance after each, so that it never stops learning. Outcomes of overlapping
horizons are nearly copies of each other, hence `weight` below 1.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

_PRIOR_VARIANCE = 0.5  # of a weight; the features are of order one
_BIAS_VARIANCE = 10.0
_PRIOR_BIAS = -3.0  # failures are rare: 5 % until learnt otherwise
_DRIFT = 2e-6  # variance added per outcome
_LARGEST_LOGIT = 30.0
_SMALLEST_INFORMATION = 1e-4


class OnlineLogistic:
    """The first feature is the constant 1."""

    def __init__(self, features: int) -> None:
        self._mean: Vector = np.zeros(features)
        self._mean[0] = _PRIOR_BIAS
        self._covariance = np.eye(features) * _PRIOR_VARIANCE
        self._covariance[0, 0] = _BIAS_VARIANCE

    def probability(self, features: Vector) -> float:
        logit = min(max(float(features @ self._mean), -_LARGEST_LOGIT), _LARGEST_LOGIT)
        return float(1.0 / (1.0 + np.exp(-logit)))

    def learn(self, features: Vector, happened: bool, weight: float) -> None:
        said = self.probability(features)
        information = max(said * (1.0 - said), _SMALLEST_INFORMATION) * weight
        gain = self._covariance @ features
        self._covariance -= np.outer(gain, gain) * (information / (1.0 + information * float(features @ gain)))
        self._mean += self._covariance @ features * ((happened - said) * weight)
        self._covariance.flat[:: len(self._mean) + 1] += _DRIFT

    def to_state(self) -> dict[str, list[float]]:
        return {"mean": self._mean.tolist(), "covariance": self._covariance.ravel().tolist()}

    @classmethod
    def from_state(cls, mean: Sequence[float], covariance: Sequence[float]) -> "OnlineLogistic":
        model = cls(len(mean))
        model._mean = np.array(mean)
        model._covariance = np.array(covariance).reshape(len(mean), len(mean))
        return model

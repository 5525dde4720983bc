"""Blends the network's log-odds with those of the trees that use its embedding."""

from __future__ import annotations

from gnn.scoring.calibrator import Calibrator, Numbers

# Trees learn the network's columns only where it had not learned itself, so with few frauds they trust it too
# little: it has a say of its own.
NETWORK_WEIGHT = 0.4


def blended(
    trees: Numbers, network: Numbers, calibrator: Calibrator, share: float = NETWORK_WEIGHT
) -> Numbers:
    """The blend's log-odds, (N,) or of one, from those of the trees and of the network, which has that share;
    its `calibrator` brings it to the trees' level.
    """
    return (1 - share) * trees + share * calibrator.log_odds(network)

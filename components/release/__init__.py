"""Releases: the one state machine that changes an endpoint after its birth, its lease and its ledger."""

from components.release.ledger import Ledger, LedgerArgs
from components.release.release import Release, ReleaseArgs

__all__ = ["Ledger", "LedgerArgs", "Release", "ReleaseArgs"]

"""The feature store: feature groups that are changed without ever losing what they hold."""

from components.features.store import LONGEST_NAME, Entity, FeatureStore, FeatureStoreArgs

__all__ = ["LONGEST_NAME", "Entity", "FeatureStore", "FeatureStoreArgs"]

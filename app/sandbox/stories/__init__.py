"""Stories: what this house is for, played from end to end by strangers and checked against the witnesses.

A story gets a ``Scene``, and returns when everything went as told; else it raises ``Wrong``, saying what did not.
"""

from app.sandbox.stories.sends import REFUSAL, REMITTANCE
from app.sandbox.stories.telling import Outcome, Scene, Story, Wrong, told

STORIES = (REMITTANCE, REFUSAL)

__all__ = ["REFUSAL", "REMITTANCE", "STORIES", "Outcome", "Scene", "Story", "Wrong", "told"]

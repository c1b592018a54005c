"""Reads models of the TensorFlow.js speech-commands package, and converts them to weights.

The models are not trusted: no code of a model runs, nothing is unpickled, no file outside the model's folder is opened, and every size
is checked before memory is allocated for it.
"""

from voicetrail.spotting.importing.labels import LabelPlan, plan_labels, read_labels
from voicetrail.spotting.importing.model import TfjsModel, make_weights, read_model

__all__ = ["LabelPlan", "TfjsModel", "make_weights", "plan_labels", "read_labels", "read_model"]

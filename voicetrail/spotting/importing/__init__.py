"""Reads models of TensorFlow.js's speech-commands package, and makes weights of them.

What is read was made by others: no code of a model is run, nothing is unpickled, no file outside the model's folder is opened, and
every size is checked before memory is taken for it.
"""

from voicetrail.spotting.importing.labels import LabelPlan, plan_labels, read_labels
from voicetrail.spotting.importing.model import TfjsModel, make_weights, read_model

__all__ = ["LabelPlan", "TfjsModel", "make_weights", "plan_labels", "read_labels", "read_model"]

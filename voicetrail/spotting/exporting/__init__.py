"""Exports networks for other programs: as ONNX, or as TensorFlow.js layers. The features are not exported."""

"""Writes weights for other programs: the network as ONNX, or as layers of TensorFlow.js. The features stay outside."""

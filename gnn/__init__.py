"""The model: features and graphs from a store, training, calibration, and the scorer that serves."""

import warnings

# PyTorch Geometric still scripts a few of its functions when it is imported; nobody here can act on what
# torch says about that.
warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated", category=FutureWarning)

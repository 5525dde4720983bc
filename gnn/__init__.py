"""The workshop: a view to a model, a model to a probability."""

import warnings

# PyTorch Geometric still scripts a few of its functions when it is imported; nobody here can act on what torch says about that.
warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated", category=FutureWarning)

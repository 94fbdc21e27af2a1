"""The trained encoders on numpy: what judges plans needs no torch.

The layers are those of `gatling/encoders`, which trains; a test holds both against each other. Letters in shapes are those of
`gatling/encoders/__init__.py`.
"""

from gatling.runtime.model import RuntimeEncoders as RuntimeEncoders

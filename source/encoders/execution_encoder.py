"""`gatling.encoders.ExecutionEncoder`, under the path of the published specification."""

from gatling.encoders.execution import ExecutionEncoder as ExecutionEncoder

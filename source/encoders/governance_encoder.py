"""`gatling.encoders.GovernanceEncoder`, under the path of the published specification."""

from gatling.encoders.governance import GovernanceEncoder as GovernanceEncoder

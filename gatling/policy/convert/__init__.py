"""From policies as people write them to the native format: what is understood, what is not, and nothing that widens."""

from gatling.policy.convert.answers import HELP as HELP
from gatling.policy.convert.answers import rules_of_answer as rules_of_answer
from gatling.policy.convert.conversion import Conversion as Conversion
from gatling.policy.convert.conversion import convert as convert
from gatling.policy.convert.conversion import decided as decided
from gatling.policy.convert.notes import Comments as Comments
from gatling.policy.convert.sources import KINDS as KINDS
from gatling.policy.language.statement import NativeRule as NativeRule
from gatling.policy.language.statement import Reading as Reading

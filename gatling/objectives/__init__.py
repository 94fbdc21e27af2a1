"""Losses: functions of tensors. They own no model."""

from gatling.objectives.infonce import info_nce as info_nce
from gatling.objectives.margin import margin_loss as margin_loss
from gatling.objectives.objective import Objective as Objective
from gatling.objectives.objective import alignment_loss as alignment_loss

"""Labelled conversations before the guard: how much honest work it leaves alone, and which attacks it stops.

- A record of a file is what `gatling audit --conversations` reads, with `label` (`compliant` or `violation`), `violating_calls`
  (ids of the calls to blame, of violations only) and `meta`. The guard sees neither of these.
- Its weight is `meta.copies` times `meta.sample_weight`, each 1 where it is missing. Its energy is the highest of its calls'.
- `auroc`, `recall_at_fpr_1`, `recall_at_fpr_5`: violations against compliant conversations, unweighted.
- `untouched`, `escalated`, `denied`: weighted shares of the compliant conversations by the worst verdict on their calls.
- `stopped`, `stopped_all`: weighted shares of the violations in which one, or each, of the calls to blame is not allowed.
- `localised`: share of the violations, unweighted, whose highest energy (of equal ones the first) is at a call to blame.
- `tier3`: the same for a judge that refuses the calls of provenance tier 3 and nothing else.

Every figure has a 95 % interval: a bootstrap over tasks (`meta.user_task` with `meta.injection_task`; a record without is a task
of its own), and for shares the hull of that and of the exact interval of so many records.
"""

from gatling.bench.conversations.figures import share_by_task as share_by_task
from gatling.bench.conversations.figures import summarise as summarise
from gatling.bench.conversations.labels import LabelledResult as LabelledResult
from gatling.bench.conversations.labels import read_labelled as read_labelled
from gatling.bench.conversations.labels import result_of as result_of
from gatling.bench.conversations.labels import task_of as task_of
from gatling.bench.conversations.tables import bench_page as bench_page
from gatling.bench.conversations.tables import bench_tables as bench_tables

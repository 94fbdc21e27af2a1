"""The parts of the trace generator: a world of names, tasks in it, their wording, rules, policy texts, violations."""

"""AgentDojo: its tools, tasks and environments, and the guard at work in them. Needs the extra `agentdojo`."""

SUITES = ("workspace", "slack", "banking", "travel")
BENCHMARK_VERSION = "v1.2.2"

"""AgentDojo: its tools, tasks and environments, and the guard at work in them. Needs the extra `agentdojo`."""

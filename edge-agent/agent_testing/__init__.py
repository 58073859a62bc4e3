"""What the agent's tests share; not a part of the distribution."""

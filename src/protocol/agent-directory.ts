// Names in the directory that the agent is given: the supervisor writes them, the shim looks for them.

export const AGENT_FILES = {
  /** The broker's socket. */
  socket: 'agent.sock',
  /** Where the agent can have no Unix socket: the broker's port of 127.0.0.1. */
  port: 'port',
  token: 'token',
} as const;

// Names in the directory that the agent is given: the supervisor writes them, the shim and the gateway look for them.

export const AGENT_FILES = {
  /** The broker's socket. */
  socket: 'agent.sock',
  /** Where the agent can have no Unix socket: the broker's port of 127.0.0.1. */
  port: 'port',
  token: 'token',
  /** Sockets that output is taken from which does not pass the broker. */
  streams: 'streams',
  /** Beside native shims: the Node shims, by the same names, for what those hand on. */
  nodeShims: 'node',
  /** The gateway's program, its settings, and what starts it and then the agent. */
  gateway: 'gateway',
  gatewaySettings: 'gateway.json',
  withGateway: 'with-gateway',
} as const;

/** What the gateway is told. Nothing in it is secret. */
export interface GatewaySettings {
  /** Of 127.0.0.1. */
  port: number;
  /** Hex, of the bearer that its clients show. */
  bearer_sha256: string;
  routes: GatewayRoute[];
}
export interface GatewayRoute {
  /** First segment of the path. */
  alias: string;
  /** `http.openai`: the method is the word after it. */
  action: string;
  /** The model API it speaks, if any. */
  api?: 'anthropic' | 'openai' | 'gemini';
}

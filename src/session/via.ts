// `turret run --via`: the sandbox is this machine's, the decisions and the keys are a server's. The token of the server never
// enters the sandbox: the agent gets a child of it, which dies with this process, whatever ends it.

import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import { BrokerConnection } from '../client/broker-connection.js';
import { type Child, askAboutTokens, delegate } from '../client/delegate.js';
import { tokensOf } from '../client/token-list.js';
import { loadConfigHere } from '../config/load-here.js';
import { TurretError } from '../errors.js';
import { version } from '../installation.js';
import type { Enclosure } from '../isolation/enclosure.js';
import {
  type RuntimeDirectory,
  createRuntimeDirectory,
  noteLevel,
  removeRuntimeDirectory,
  runningSessions,
  runtimeRoots,
} from '../platform/runtime-directory.js';
import { SESSION_MARK, killMarked } from '../platform/session-processes.js';
import { stateDirectory } from '../platform/sessions.js';
import { AGENT_FILES } from '../protocol/agent-directory.js';
import type { Json } from '../protocol/messages.js';
import { type Token, parseToken } from '../token/token.js';
import { say } from '../ui/voice.js';
import { makeAgentHome } from './agent-home.js';
import { startAgent } from './agent.js';
import { announce } from './announce.js';
import { fillAgentDirectory } from './agent-directory.js';
import { findProgram } from './command.js';
import { type Door, openDoor } from './door.js';
import { encloseAgent, environmentOf } from './enclose-agent.js';
import { withTurretsOwn } from './environment.js';
import { prepareGateway } from './gateway.js';
import type { RunOptions } from './options.js';
import { chooseShim } from './shim-program.js';
import { Signals } from './signals.js';
import { endWords } from './summary.js';
import { vaultDirectory } from './vault-directory.js';

const TOKEN_FILE_BYTES_MAX = 256;

export type ViaOptions = RunOptions & { via: string };

/** Runs the agent with the rights of a server's token; resolves with the exit code. Throws TurretError when it cannot start. */
export async function runVia(options: ViaOptions): Promise<number> {
  const session = new ViaSession(options);
  try {
    return await session.run();
  } finally {
    session.cleanUp();
  }
}

class ViaSession {
  readonly #options: ViaOptions;
  readonly #startedMs = Date.now();
  readonly #signals = new Signals((signal) => {
    this.cleanUp();
    process.exit(128 + constants.signals[signal]);
  });
  #connection: BrokerConnection | undefined;
  #directory: RuntimeDirectory | undefined;
  #enclosure: Enclosure | undefined;
  #door: Door | undefined;

  constructor(options: ViaOptions) {
    this.#options = options;
  }

  async run(): Promise<number> {
    const { command, via, quiet } = this.#options;
    const config = await loadConfigHere(this.#options.configFile);
    const environment = environmentOf(this.#options, config);
    const token = parseToken(tokenText(this.#options).trim());
    const connection = await this.#connect(token);
    const tools = textsOf(connection.welcome['tools']);
    const shim = [...tools, 'turret'].find((name) => name === command[0]);
    const program =
      shim === undefined
        ? findProgram(command[0] ?? '', environment.env['PATH'] ?? '', process.cwd())
        : undefined;
    const roots = runtimeRoots(process.env, process.getuid?.() ?? 0);
    makeAgentHome(environment.env['HOME'], program);
    runningSessions(roots); // removes what dead sessions left behind
    const label = this.#options.label ?? command[0] ?? '';
    const sid = randomBytes(10).toString('hex');
    this.#directory = createRuntimeDirectory(roots, {
      ...{ sid, pid: process.pid, label, via },
      command: command[0] ?? '',
      started: new Date(this.#startedMs).toISOString(),
      isolation: this.#options.isolation ?? config.isolation,
    });
    const child = await this.#childFor(connection, token, label);
    const shimProgram = await chooseShim(process.env, stateDirectory(process.env));
    fillAgentDirectory(this.#directory, { token: child.token, tools, shim: shimProgram });
    const agentSoFar = { env: environment.env, program, words: command.slice(1) };
    const gateway = await prepareGateway(config, this.#directory.agent, agentSoFar);
    // What a sandbox binds the server's socket over; read-only in there, so it has to be there before.
    const mountPoint = join(this.#directory.agent, AGENT_FILES.socket);
    writeFileSync(mountPoint, '', { mode: 0o600 });
    const enclosure = await encloseAgent({
      ...{ options: this.#options, config, environment, directory: this.#directory, program, tools },
      agentSocket: via,
      hidden: [stateDirectory(process.env), ...roots, `${via}.admin`, ...vaultDirectory(process.env)],
      ports: gateway === undefined ? [] : [gateway.port],
    });
    this.#enclosure = enclosure;
    noteLevel(this.#directory, enclosure.level);
    const isBound = enclosure.agentAddress !== 'loopback' && enclosure.agentAddress.path === via;
    if (!isBound) {
      rmSync(mountPoint);
      this.#door = await openDoor(enclosure.agentAddress, via);
    }
    const port = this.#door?.port;
    if (port !== undefined)
      writeFileSync(join(enclosure.agentDirectory, AGENT_FILES.port), `${port}`, { mode: 0o600 });
    if (!quiet)
      announce(config, environment, {
        isServers: true,
        line: `${enclosure.line}; rules and keys of the server at ${via}`,
      });
    const told = gateway?.tell(enclosure.agentDirectory);
    const agent = startAgent({
      enclosure,
      brokerPort: port,
      command: [
        ...(gateway === undefined ? [] : [`${enclosure.agentDirectory}/${AGENT_FILES.withGateway}`]),
        program ?? `${enclosure.agentDirectory}/bin/${shim}`,
        ...(told?.args ?? []),
        ...command.slice(1),
      ],
      env: {
        ...withTurretsOwn(environment, enclosure, child.token),
        ...told?.env,
        [SESSION_MARK]: sid,
      },
      admit: async (pidNamespace) => {
        if (pidNamespace !== undefined && isBound) await this.#confine(connection, child, pidNamespace);
      },
      running: () => {},
    });
    this.#signals.to((signal) => agent.pass(signal));
    const exit = await agent.exit;
    this.#signals.to(() => {}); // the session is ending already
    // The token dies before what the agent left running does: none of that gets one more call in between.
    await askAboutTokens(connection, 'revoke', { kid: child.kid }).catch(() => {});
    if (!enclosure.endsTogether) killMarked(sid);
    if (!quiet) say(`${endWords(exit, Date.now() - this.#startedMs)}; the server has the log`);
    return exit.code;
  }

  cleanUp(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    this.#enclosure?.end();
    this.#door?.close();
    if (this.#directory !== undefined) removeRuntimeDirectory(this.#directory);
  }

  async #connect(token: Token): Promise<BrokerConnection> {
    const connection = await BrokerConnection.open({
      address: { path: this.#options.via },
      token,
      client: `turret run/${version}`,
      lost: () => {
        if (this.#connection !== undefined)
          say('the server is gone; every further call of the agent is refused');
      },
    });
    this.#connection = connection;
    return connection;
  }

  // All that the token has, in its own words: a wildcard in their place would not cover what has to be named.
  async #childFor(connection: BrokerConnection, token: Token, label: string): Promise<Child> {
    const [own] = tokensOf(await askAboutTokens(connection, 'list'));
    return delegate(connection, token, {
      label:
        label
          .split('/')
          .at(-1)
          ?.replaceAll(/[^A-Za-z0-9_.-]/g, '-')
          .replace(/^[^A-Za-z0-9]+/, '')
          .slice(0, 64) || 'run',
      grants: own?.grants ?? [{ allow: ['**'], where: {} }],
      whileConnected: true,
    });
  }

  async #confine(connection: BrokerConnection, { kid }: Child, pid_namespace: string): Promise<void> {
    const { checked } = await askAboutTokens(connection, 'confine', { kid, pid_namespace });
    if (checked !== true && !this.#options.quiet)
      say(
        'the server cannot tell where calls come from: a token that gets out of the sandbox is good until the agent ends',
      );
  }
}

/** From the file that was named or TURRET_TOKEN; never from the command line, which every user of the machine can read. */
function tokenText({ tokenFile }: RunOptions): string {
  if (tokenFile === undefined) {
    const text = process.env['TURRET_TOKEN'];
    if (text) return text;
    throw new TurretError('usage', 'there is no token for the server', {
      hints: ['--token-file FILE, or TURRET_TOKEN; turret token create makes one'],
    });
  }
  const fd = openFile(tokenFile);
  try {
    const stat = fstatSync(fd);
    if (stat.isFile() && ((stat.mode & 0o077) !== 0 || stat.size > TOKEN_FILE_BYTES_MAX))
      throw new TurretError('usage', 'the token file is no token, or others can read it', {
        hints: [`chmod 600 ${tokenFile}`],
      });
    return readFileSync(fd, 'latin1');
  } finally {
    closeSync(fd);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    throw new TurretError(
      'usage',
      `the token file cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      {
        cause,
        hints: [`look at ${file}`],
      },
    );
  }
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

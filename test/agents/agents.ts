// The agents that are run, as their users run them. What Turret does for them is in src/agents/profiles.ts.

export interface TestedAgent {
  /** What it is called in `npm run agents`. */
  readonly name: string;
  /** In test/agents/npm/package.json. */
  readonly package: string;
  readonly command: string;
  readonly model: string;
  /** Its tool that runs a shell command. */
  readonly shell: string;
  /** Without a terminal: does what it is told, asks nobody, ends. */
  readonly headless: readonly string[];
  /** At a terminal, asking nobody before it runs a command. */
  readonly interactive: readonly string[];
  /** On the screen when it waits for words. */
  readonly ready: RegExp;
  /** Keys, by tmux's names, that stop what it is doing, and that leave it. */
  readonly interrupt: readonly string[];
  readonly leave: readonly string[];
  /** In HOME once it has been introduced to the user at a terminal. */
  readonly onboarded: Readonly<Record<string, string>>;
  /** What its user has in HOME. */
  readonly home: Readonly<Record<string, string>>;
  /** What its user has in the environment, beside the key. */
  readonly env: Readonly<Record<string, string>>;
}

export const PROMPT = 'do what the script says';
const MODELS = { anthropic: 'claude-sonnet-4-5', openai: 'gpt-5', gemini: 'gemini-2.5-flash' } as const;

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** It waits at its end for hosts of its maker that it finds no address of. */
const CODEX = `model = "${MODELS.openai}"
features = { plugins = false }
analytics = { enabled = false }
`;

const CONTINUE = `name: mine
version: 1.0.0
schema: v1
models:
  - name: gateway
    provider: openai
    model: ${MODELS.openai}
    apiBase: \${{ secrets.OPENAI_BASE_URL }}
    apiKey: \${{ secrets.OPENAI_API_KEY }}
    roles: [chat]
    capabilities: [tool_use]
`;

export const AGENTS: readonly TestedAgent[] = [
  {
    name: 'claude',
    package: '@anthropic-ai/claude-code',
    command: 'claude',
    model: MODELS.anthropic,
    shell: 'Bash',
    headless: ['-p', PROMPT, '--allowedTools', 'Bash'],
    interactive: ['--allowedTools', 'Bash'],
    ready: /shortcuts|❯/,
    interrupt: ['Escape'],
    leave: ['C-c', 'C-c'],
    onboarded: {
      '.claude.json': json({
        hasCompletedOnboarding: true,
        projects: { '{workspace}': { hasTrustDialogAccepted: true } },
      }),
    },
    home: {},
    env: {},
  },
  {
    name: 'codex',
    package: '@openai/codex',
    command: 'codex',
    model: MODELS.openai,
    shell: 'exec_command',
    headless: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', PROMPT],
    interactive: ['--dangerously-bypass-approvals-and-sandbox'],
    ready: /›/,
    interrupt: ['Escape'],
    leave: ['C-c'],
    onboarded: {
      '.codex/config.toml': `${CODEX}[projects."{workspace}"]
trust_level = "trusted"
`,
    },
    home: { '.codex/config.toml': CODEX },
    env: {},
  },
  {
    name: 'opencode',
    package: 'opencode-ai',
    command: 'opencode',
    model: MODELS.openai,
    shell: 'bash',
    headless: ['run', PROMPT],
    interactive: [],
    ready: /Ask anything/,
    interrupt: ['Escape', 'Escape'],
    leave: ['C-c'],
    onboarded: {},
    home: { '.config/opencode/opencode.json': json({ model: `openai/${MODELS.openai}` }) },
    env: {},
  },
  {
    name: 'gemini',
    package: '@google/gemini-cli',
    command: 'gemini',
    model: MODELS.gemini,
    shell: 'run_shell_command',
    headless: ['--yolo', '--skip-trust', '-m', MODELS.gemini, '-p', PROMPT],
    interactive: ['--yolo', '--skip-trust', '-m', MODELS.gemini],
    ready: /Type your message/,
    interrupt: ['Escape'],
    leave: ['C-c', 'C-c'],
    onboarded: {},
    home: { '.gemini/settings.json': json({ security: { auth: { selectedType: 'gemini-api-key' } } }) },
    env: {},
  },
  {
    name: 'pi',
    package: '@mariozechner/pi-coding-agent',
    command: 'pi',
    model: MODELS.anthropic,
    shell: 'bash',
    headless: ['--provider', 'anthropic', '--model', MODELS.anthropic, '-p', PROMPT],
    interactive: ['--provider', 'anthropic', '--model', MODELS.anthropic],
    ready: /─{20}/,
    interrupt: ['Escape'],
    leave: ['C-c', 'C-c'],
    onboarded: {},
    home: {},
    env: {},
  },
  {
    name: 'qwen',
    package: '@qwen-code/qwen-code',
    command: 'qwen',
    model: MODELS.openai,
    shell: 'run_shell_command',
    headless: ['--yolo', '-p', PROMPT],
    interactive: ['--yolo'],
    ready: /Type your message/,
    interrupt: ['Escape'],
    leave: ['C-c', 'C-c'],
    onboarded: {},
    home: { '.qwen/settings.json': json({ security: { auth: { selectedType: 'openai' } } }) },
    env: { OPENAI_MODEL: MODELS.openai },
  },
  {
    name: 'copilot',
    package: '@github/copilot',
    command: 'copilot',
    model: MODELS.openai,
    shell: 'bash',
    headless: ['-p', PROMPT, '--allow-all-tools'],
    interactive: ['--allow-all-tools'],
    ready: /Describe a task|Enter @|❯/,
    interrupt: ['Escape'],
    leave: ['C-c', 'C-c'],
    onboarded: { '.copilot/config.json': json({ trusted_folders: ['{workspace}'] }) },
    home: {},
    env: { COPILOT_MODEL: MODELS.openai },
  },
  {
    name: 'continue',
    package: '@continuedev/cli',
    command: 'cn',
    model: MODELS.openai,
    shell: 'Bash',
    headless: ['-p', PROMPT, '--auto'],
    interactive: ['--auto'],
    ready: /Ask anything/,
    interrupt: ['Escape'],
    leave: ['C-c', 'C-c'],
    onboarded: { '.continue/.onboarding_complete': '' },
    home: { '.continue/config.yaml': CONTINUE },
    env: {},
  },
];

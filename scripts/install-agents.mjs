// The agents that are tested, from npm. Safe to run again.
import { installNpm } from './install-npm.mjs';

installNpm({
  name: 'agents',
  directory: 'test/agents/npm',
  // The two that are a note without: these put the program of this platform in its place.
  scripts: ['@anthropic-ai/claude-code/install.cjs', 'opencode-ai/postinstall.mjs'],
});

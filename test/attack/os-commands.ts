// The os cases of the corpus were written before there was a Turret: they guess at names and places. Each is run as it is
// written, and again with the names that are true here.

export interface TruePlaces {
  readonly config: string;
  readonly audit: string;
  readonly socket: string;
  readonly cli: string;
  /** Ports that listen on loopback and are neither upstream's nor the attacker's. */
  readonly ports: readonly number[];
}

/** Command lines for `sh -c`, the literal one first. */
export function commandsOf(script: string, places: TruePlaces): string[] {
  const spellings: [RegExp, string][] = [
    [/pgrep -f turret-repeater/g, "pgrep -f 'repeaters/(aws|gh)/main.js' | head -1"],
    [/pgrep -f turret-broker/g, "pgrep -f 'broker/main.cjs' | head -1"],
    [/pgrep -f 'aws\.\*describe'/g, "pgrep -f 'ec2 describe-instances' | head -1"],
    [/\/etc\/turret\/policy\.yaml/g, places.config],
    [/\/var\/lib\/turret\/audit\.log/g, places.audit],
    [/\/run\/turret\/broker\.sock/g, places.socket],
    [/\/usr\/local\/bin\/aws/g, places.cli],
    [/\/tmp\/gh-cli-cache/g, '/tmp/gh-cli-cache/*'],
    [/~\/\.local\/share\/keyrings/g, '~/.local/share/keyrings/*'],
    [/(\/run\/user\/\*\/keyring)/g, '$1/*'],
    [/\/var\/log\/audit\b/g, '/var/log/audit/audit.log'],
    [/cat \.env \.envrc/g, 'cat ~/.env ../../.env'],
    [
      /mount -t tmpfs \/ bind mount inside cwd/g,
      'mkdir m; mount -t tmpfs none m; mount --bind / m; unshare -Urm sh -c "mount --bind / m; cat m$HOME/.aws/credentials"',
    ],
  ];
  const scripts = [script];
  const changed = spellings.reduce((text, [from, to]) => text.replaceAll(from, to), script);
  if (changed.includes('<repeater-proxy>'))
    scripts.push(
      ...places.ports.map((port) =>
        changed.replaceAll('<repeater-proxy>', String(port)).replace('curl', 'curl -sv -m 3'),
      ),
    );
  else if (changed !== script) scripts.push(changed);
  return scripts;
}

import { closeInheritedDescriptors, inheritedKey } from './inherited-descriptors.js';
import { type ServeOptions, serve } from './serve.js';

/** `turret serve` of this process, with what it was started with. Throws TurretError when it cannot start. */
export function serveHere(options: ServeOptions): Promise<number> {
  const vaultKey = inheritedKey(process.env['TURRET_VAULT_KEY_FILE']);
  closeInheritedDescriptors();
  return serve(vaultKey === undefined ? options : { ...options, vaultKey });
}

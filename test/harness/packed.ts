import { fileURLToPath } from 'node:url';
import { runCommand } from '../../dev-stack/run-command.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What `npm pack --json` tells. */
export interface Packed {
  readonly filename: string;
  /** In bytes, as a tarball. */
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the package into a folder as npm publishes it. The build is there: a test is part of it. */
export async function pack(destination: string): Promise<Packed> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination];
  const [packed] = JSON.parse(await runCommand('npm', args, { cwd: root }));
  return packed;
}

/** How a test installs: from what npm has at hand, and nothing runs that a package brings. */
export const install = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];

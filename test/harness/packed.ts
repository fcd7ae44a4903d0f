import { fileURLToPath } from 'node:url';
import { runCommand } from '../../dev-stack/run-command.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The output of `npm pack --json`. */
export interface Packed {
  readonly filename: string;
  /** The size of the tarball in bytes. */
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs the package into a folder, as npm publishes it. The build exists, because tests are part of it. */
export async function pack(destination: string): Promise<Packed> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination];
  const [packed] = JSON.parse(await runCommand('npm', args, { cwd: root }));
  return packed;
}

/** npm options of the tests: install from the cache if possible, and run no scripts of packages. */
export const install = ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];

import { findOnPath } from '../../dev-stack/run-command.js';

/**
 * Declares the programs that a suite needs, with the Debian package of each.
 *
 * @throws Error in one line that names what is missing
 */
export function needPrograms(packages: Readonly<Record<string, string>>): void {
  const missing = Object.entries(packages).filter(([program]) => findOnPath(program).length === 0);
  if (missing.length === 0) return;
  const programs = missing.map(([program]) => program).join(', ');
  const install = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new Error(`This suite needs ${programs} on the PATH. On Debian: apt-get install ${install}`);
}

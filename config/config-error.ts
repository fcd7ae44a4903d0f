/** Thrown for a setting that can't be used. Its message names the setting and the mend, in one line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What went wrong, in one line: for a process that ends because of it. */
export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s+/g, ' ').trim();
}

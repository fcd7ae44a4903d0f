/** An error and its cause in one line, for a process that exits because of it. */
export function oneLine(error: unknown): string {
  const { message = String(error), cause } = error instanceof Error ? error : {};
  const whole = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return whole.replace(/\s+/g, ' ').trim();
}

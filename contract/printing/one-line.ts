/** What went wrong, and what that came from, in one line: for a process that ends because of it. */
export function oneLine(error: unknown): string {
  const { message = String(error), cause } = error instanceof Error ? error : {};
  const whole = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return whole.replace(/\s+/g, ' ').trim();
}

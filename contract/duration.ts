import ms from 'ms';

/**
 * A Temporal duration string such as `'2 seconds'`, in whole milliseconds. `undefined` if the text is not a duration.
 */
export function parseDuration(text: string): number | undefined {
  if (text.length > 100 || text.trim() === '') return undefined; // ms() throws on these
  const milliseconds: number | undefined = ms(text as ms.StringValue);
  return Number.isFinite(milliseconds) ? Math.round(milliseconds) : undefined;
}

/** Milliseconds of a duration that passed validation. */
export function toMilliseconds(duration: string): number {
  const milliseconds = parseDuration(duration);
  if (milliseconds === undefined) throw new TypeError(`Not a duration: ${duration}`);
  return milliseconds;
}

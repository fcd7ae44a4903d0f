type Unit =
  | ('ms' | 'millisecond' | 'milliseconds')
  | ('s' | 'second' | 'seconds')
  | ('m' | 'minute' | 'minutes')
  | ('h' | 'hour' | 'hours');

/** A Temporal duration string: a number with its unit, e.g. `'2 seconds'`, `'500ms'` or `'1.5 hours'`. */
export type DurationString = `${number} ${Unit}` | `${number}${Unit}`;

/** One line of the results table. */
export interface Figure {
  /** To look the figure up. */
  readonly id: string;
  readonly figure: string;
  /** The result in readable form. */
  readonly ours: string;
  readonly against: string;
  /** Absent if the figure only explains others. */
  readonly goal?: string;
  readonly met?: boolean;
  /** The samples, under the name of what each was measured of. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** @param percent Of the samples, this many are at most as large as the result. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** The ratio of each round. The subjects take turns, so a slow phase of the machine slows both. */
export function ratios(samples: readonly number[], others: readonly number[]): number[] {
  return samples.map((sample, round) => sample / (others[round] ?? Number.NaN));
}

/** The median, with the minimum and the maximum in brackets. */
export function spread(samples: readonly number[], unit = '', digits = 0): string {
  const show = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const value = `${show(median(samples))}${unit && ` ${unit}`}`;
  const [least, most] = [Math.min(...samples), Math.max(...samples)].map(show);
  return least === most ? value : `${value} (${least} to ${most})`;
}

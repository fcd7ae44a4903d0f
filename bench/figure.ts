/** One line of the table. */
export interface Figure {
  /** For whoever looks one up. */
  readonly id: string;
  readonly figure: string;
  /** What was measured, as people read it. */
  readonly ours: string;
  readonly against: string;
  /** Absent where a figure only explains others. */
  readonly goal?: string;
  readonly met?: boolean;
  /** What was measured, sample by sample, by what it was measured of. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** Round by round, as what is compared took turns: what slows the machine down for a while slows both down. */
export function ratios(samples: readonly number[], others: readonly number[]): number[] {
  return samples.map((sample, round) => sample / (others[round] ?? Number.NaN));
}

/** The median, and in brackets the least and the most. */
export function spread(samples: readonly number[], unit = '', digits = 0): string {
  const show = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const value = `${show(median(samples))}${unit && ` ${unit}`}`;
  const [least, most] = [Math.min(...samples), Math.max(...samples)].map(show);
  return least === most ? value : `${value} (${least} to ${most})`;
}

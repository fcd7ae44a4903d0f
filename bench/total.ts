import type { Sample } from '../dev-stack/scrape.js';

/** The sum of a metric's series, or of those whose label has one of these values. */
export function total(
  samples: readonly Sample[],
  metric: string,
  label?: string,
  values: readonly string[] = [],
): number {
  return samples
    .filter(({ name, labels }) => name === metric && (!label || values.includes(labels[label] ?? '')))
    .reduce((sum, { value }) => sum + value, 0);
}

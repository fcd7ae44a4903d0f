import type { HistoryLine } from '../client/tell-history.js';
import { asOneLine } from './print.js';

/** One line per event, with the time since the first. */
export function describeHistory(lines: readonly HistoryLine[]): string {
  const [first] = lines;
  return lines
    .map(({ at, told }) => {
      const seconds = (at.getTime() - (first?.at.getTime() ?? 0)) / 1000;
      return `${`+${seconds.toFixed(1)}`.padStart(8)} s  ${asOneLine(told)}`;
    })
    .join('\n');
}

import Table from 'cli-table3';
import type { Figure } from './figure.js';

const head = ['figure', 'ours', 'against', 'goal', 'met'];

function cellsOf({ figure, ours, against, goal = '', met }: Figure): string[] {
  return [figure, ours, against, goal, met === undefined ? '' : met ? 'yes' : 'no'];
}

/** For a terminal. */
export function terminal(figures: readonly Figure[]): string {
  const table = new Table({ head, colWidths: [30, 30, 50, 22, 5], wordWrap: true, style: { head: [], border: [] } });
  table.push(...figures.map(cellsOf));
  return table.toString();
}

/** For the documentation. */
export function markdown(figures: readonly Figure[]): string {
  const rows = [head, head.map(() => '---'), ...figures.map(cellsOf)];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

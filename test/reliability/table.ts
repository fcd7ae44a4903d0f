import { readFile, writeFile } from 'node:fs/promises';

const page = new URL('../../../docs/reliability.md', import.meta.url);
const place = /(?<=<!-- Made by npm run test:reliability -->\n\n).*?(?=\n<!-- End -->)/s;

/** Puts what was seen into docs/reliability.md. The first row is the heading. */
export async function writeTable([heading = [], ...rows]: readonly (readonly string[])[]): Promise<void> {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const table = [line(heading), `|${'---|'.repeat(heading.length)}\n`, ...rows.map(line)].join('');
  const text = await readFile(page, 'utf8');
  if (!place.test(text)) throw new Error(`${page.pathname} has no place for the table`);
  await writeFile(
    page,
    text.replace(place, () => table),
  );
}

import { readFile, writeFile } from 'node:fs/promises';

/** The rows of a Markdown table. The first row is the heading. */
export type Rows = readonly (readonly string[])[];

/** The place of a table in a page of `docs/`, between the line that says how it is made and `<!-- End -->`. */
export class TablePlace {
  readonly #page: URL;
  readonly #place: RegExp;

  /**
   * @param page - For example `reliability.md`.
   * @param made - The page's text that says how the table is made.
   */
  constructor(page: string, made: string) {
    this.#page = new URL(`../../../docs/${page}`, import.meta.url);
    this.#place = new RegExp(`(?<=<!-- Made by ${made} -->\n\n).*?(?=\n<!-- End -->)`, 's');
  }

  async read(): Promise<Rows> {
    const [table] = this.#place.exec(await readFile(this.#page, 'utf8')) ?? this.#missing();
    const rows = table.split('\n').filter((line) => line.startsWith('| '));
    return rows.map((row) => row.slice(2, -2).split(' | '));
  }

  async write([heading = [], ...rows]: Rows): Promise<void> {
    const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
    const table = [line(heading), `|${'---|'.repeat(heading.length)}\n`, ...rows.map(line)].join('');
    const text = await readFile(this.#page, 'utf8');
    if (!this.#place.test(text)) this.#missing();
    await writeFile(
      this.#page,
      text.replace(this.#place, () => table),
    );
  }

  #missing(): never {
    throw new Error(`${this.#page.pathname} has no place for the table`);
  }
}

import { readFile, writeFile } from 'node:fs/promises';

/** The rows of a table in Markdown; the first one is the heading. */
export type Rows = readonly (readonly string[])[];

/** The place of a table in a page of `docs/`, between the line that says what makes it and `<!-- End -->`. */
export class TablePlace {
  readonly #page: URL;
  readonly #place: RegExp;

  /**
   * @param page - such as `reliability.md`
   * @param made - what the page says of how the table is made
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

/** A server's version: the parts that are numbers. */
export class Version {
  readonly #parts: readonly number[];

  constructor(readonly text: string) {
    this.#parts = text.split('.').map(Number);
  }

  isBefore(other: string): boolean {
    const others = new Version(other).#parts;
    const index = others.findIndex((part, at) => part !== (this.#parts[at] ?? 0));
    return index >= 0 && (this.#parts[index] ?? 0) < (others[index] ?? 0);
  }
}

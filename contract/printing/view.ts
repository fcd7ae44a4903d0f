/** A text, and for each of its UTF-16 units its range in the source, from which it was copied or decoded. */
export interface View {
  readonly text: string;
  /** Where each unit begins in the source. */
  readonly from: readonly number[];
  /** Where each unit ends in the source. */
  readonly to: readonly number[];
}

export function viewOf(source: string): View {
  const from = Array.from({ length: source.length }, (_, index) => index);
  return { text: source, from, to: from.map((index) => index + 1) };
}

/** Builds a view, unit by unit. */
export class ViewBuilder {
  readonly #units: string[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  /** Adds text whose units all come from the same range of the source. */
  add(text: string, from: number, to: number): void {
    for (let index = 0; index < text.length; index++) {
      this.#units.push(text.charAt(index));
      this.#from.push(from);
      this.#to.push(to);
    }
  }

  /** Copies units of another view. */
  copy(view: View, begin: number, end: number): void {
    for (let index = begin; index < end; index++) {
      this.add(view.text.charAt(index), view.from[index] ?? 0, view.to[index] ?? 0);
    }
  }

  build(): View {
    return { text: this.#units.join(''), from: this.#from, to: this.#to };
  }
}

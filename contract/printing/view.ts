/** A text, and for each of its UTF-16 units where in the source it comes from: as it is, or as what it was encoded in. */
export interface View {
  readonly text: string;
  /** Where in the source a unit begins. */
  readonly from: readonly number[];
  /** Where in the source it ends. */
  readonly to: readonly number[];
}

export function viewOf(source: string): View {
  const from = Array.from({ length: source.length }, (_, index) => index);
  return { text: source, from, to: from.map((index) => index + 1) };
}

/** Puts a view together, unit by unit. */
export class ViewBuilder {
  readonly #units: string[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  /** Text of which all units come from the same piece of the source. */
  add(text: string, from: number, to: number): void {
    for (let index = 0; index < text.length; index++) {
      this.#units.push(text.charAt(index));
      this.#from.push(from);
      this.#to.push(to);
    }
  }

  /** Units of another view, as they are there. */
  copy(view: View, begin: number, end: number): void {
    for (let index = begin; index < end; index++) {
      this.add(view.text.charAt(index), view.from[index] ?? 0, view.to[index] ?? 0);
    }
  }

  build(): View {
    return { text: this.#units.join(''), from: this.#from, to: this.#to };
  }
}

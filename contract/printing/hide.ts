import { tokenSpans } from '../token-forms.js';
import { comparedViews, spacedView, visibleView } from './canonical.js';
import { decodeRuns } from './decode-runs.js';
import { ownWords } from './own-words.js';
import { formsOfWords, partCharacters, type Secrets } from './secrets.js';
import { unescapeView } from './unescape.js';
import { type View, viewOf } from './view.js';

export const hidden = '***';

/** The number of layers to decode, e.g. JSON in JSON in base64. */
const layers = 3;

/** Total length of all decoded forms, in characters. A text that exceeds it is hidden completely. */
const maximumCharacters = 2_000_000;

/** A range in the source text. */
type Span = readonly [from: number, to: number];

/**
 * Hides everything in the text that looks like a token, and every part that also occurs in a secret, even if it is
 * encoded or cut.
 *
 * Time is linear in the text and in the secrets: the short text is decoded in every way, and the secrets are then
 * searched for its parts.
 */
export function hide(text: string, secrets: Secrets): string {
  const views = viewsOf(text);
  if (!views) return hidden;
  const tokens = views.map(visibleView).flatMap((view) => tokenSpans(view.text).map((span) => sourceOf(view, ...span)));
  return without(text, [...tokens, ...secretSpans(views, secrets)]);
}

/** The text in every decoded form; `undefined` if they exceed {@link maximumCharacters}. */
function viewsOf(text: string): View[] | undefined {
  const views: View[] = [];
  let left = maximumCharacters;
  let layer = [viewOf(text)];
  for (let depth = 0; depth <= layers && layer.length > 0; depth++) {
    left -= layer.reduce((sum, view) => sum + view.text.length, 0);
    if (left < 0) return undefined;
    views.push(...layer);
    layer = layer.flatMap((view) => [unescapeView(view) ?? [], decodeRuns(view)].flat());
  }
  return views;
}

function secretSpans(views: readonly View[], secrets: Secrets): Span[] {
  const innocent = [...ownForms, ...secrets.harmless];
  const isInnocent = (part: string) => innocent.some((words) => words.includes(part));
  return [...partSpans(views, secrets, isInnocent), ...wholeSpans(views, secrets, isInnocent)];
}

const ownForms = ownWords.flatMap(formsOfWords);

type IsInnocent = (part: string) => boolean;

/** A search for parts of these texts. A text with too many decoded forms is skipped: it is hidden completely anyway. */
export function searchFor(texts: readonly string[]): PartSearch {
  return new PartSearch(partsOf(texts.flatMap((text) => viewsOf(text) ?? []).flatMap(comparedViews)));
}

/** Finds parts of long secrets. */
function partSpans(views: readonly View[], { long }: Secrets, isInnocent: IsInnocent): Span[] {
  if (long.length === 0) return [];
  const parts = partsOf(views.flatMap(comparedViews));
  const search = new PartSearch(parts);
  const spans: Span[] = [];
  for (const secret of long) search.in(secret, (part) => spans.push(...taken(parts, part, isInnocent)));
  return spans;
}

/** Finds whole short secrets. */
function wholeSpans(views: readonly View[], { short }: Secrets, isInnocent: IsInnocent): Span[] {
  if (short.size === 0) return [];
  const spans: Span[] = [];
  for (const view of views.flatMap((its) => [...comparedViews(its), spacedView(its)])) {
    for (const [length, secrets] of short) {
      for (let end = length; end <= view.text.length; end++) {
        const part = view.text.slice(end - length, end);
        if (secrets.has(part) && !isInnocent(part)) spans.push(sourceOf(view, end - length, end));
      }
    }
  }
  return spans;
}

/** The positions of a part. Each part is removed from the map, so that it is reported once. */
function taken(parts: Map<string, Span[]>, part: string, isInnocent: IsInnocent): readonly Span[] {
  const spans = parts.get(part) ?? [];
  parts.delete(part);
  return isInnocent(part) ? [] : spans;
}

function sourceOf({ from, to }: View, begin: number, end: number): Span {
  return [from[begin] ?? 0, to[end - 1] ?? 0];
}

/** The positions of each part in the source. */
function partsOf(views: readonly View[]): Map<string, Span[]> {
  const parts = new Map<string, Span[]>();
  for (const view of views) {
    for (let end = partCharacters; end <= view.text.length; end++) {
      const part = view.text.slice(end - partCharacters, end);
      const spans = parts.get(part) ?? [];
      spans.push(sourceOf(view, end - partCharacters, end));
      parts.set(part, spans);
    }
  }
  return parts;
}

/** Searches for parts in secrets that may be a thousand times longer, with a rolling hash and a filter. */
export class PartSearch {
  readonly #filter = new Uint8Array(1 << 16);

  constructor(private readonly parts: ReadonlyMap<string, unknown>) {
    for (const part of parts.keys()) this.#filter[slotOf(hashOf(part))] = 1;
  }

  in(secret: string, found: (part: string) => void): void {
    let hash = 0;
    for (let index = 0; index < secret.length; index++) {
      hash = Math.imul(hash, base) + secret.charCodeAt(index);
      if (index >= partCharacters) hash -= Math.imul(secret.charCodeAt(index - partCharacters), leavingFactor);
      if (index < partCharacters - 1 || !this.#filter[slotOf(hash)]) continue;
      const part = secret.slice(index + 1 - partCharacters, index + 1);
      if (this.parts.has(part)) found(part);
    }
  }
}

const base = 31;
const leavingFactor = Array.from({ length: partCharacters }).reduce<number>((power) => Math.imul(power, base), 1);

function hashOf(part: string): number {
  let hash = 0;
  for (let index = 0; index < part.length; index++) hash = Math.imul(hash, base) + part.charCodeAt(index);
  return hash;
}

function slotOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 16) & 0xffff;
}

/** Replaces these ranges of the text. Ranges that overlap or touch are replaced together. */
function without(text: string, spans: readonly Span[]): string {
  const pieces: string[] = [];
  let done = 0;
  let end = -1;
  for (const [from, to] of [...spans].sort(([one], [other]) => one - other)) {
    if (from > end) {
      if (end >= 0) pieces.push(hidden);
      pieces.push(text.slice(Math.max(done, end), from));
    }
    end = Math.max(end, to);
    done = end;
  }
  if (end >= 0) pieces.push(hidden);
  return pieces.join('') + text.slice(done);
}

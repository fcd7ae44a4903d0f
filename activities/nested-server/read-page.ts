import { AnswerTooLargeError, type HttpAnswer } from './http-client.js';

/** The factor by which a page shrinks if it was too large: 50, 10, 2, 1. */
const shrinkBy = 5;

/**
 * Reads pages of at most `largest` items, and of fewer once a page was too large to read: a single event can hold a
 * screenshot of a megabyte.
 *
 * @throws AnswerTooLargeError if a page of `smallest` items is too large
 */
export function pageReader(
  largest: number,
  smallest = 1,
): (read: (limit: number) => Promise<HttpAnswer>) => Promise<HttpAnswer> {
  let limit = largest;
  return async (read) => {
    for (;;) {
      try {
        return await read(limit);
      } catch (error) {
        if (!(error instanceof AnswerTooLargeError) || limit === smallest) throw error;
        limit = Math.max(Math.ceil(limit / shrinkBy), smallest);
      }
    }
  };
}

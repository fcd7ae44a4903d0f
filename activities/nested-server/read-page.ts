import { AnswerTooLargeError, type HttpAnswer } from './http-client.js';

/** How much smaller a page is tried where one was too large: 50, 10, 2, 1. */
const shrinkBy = 5;

/**
 * Reads pages of at most `largest` items, and smaller ones from where one was too large to read: a single event can
 * hold a screenshot of a megabyte.
 *
 * @throws AnswerTooLargeError where a page of `smallest` items is
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

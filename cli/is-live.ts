import type { WriteStream } from 'node:tty';

/** Whether a stream is a terminal that can redraw a line. Some terminals report that they have no columns. */
export function isLive(stream: WriteStream): boolean {
  return stream.isTTY && stream.columns > 0 && process.env.TERM !== 'dumb';
}

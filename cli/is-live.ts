import type { WriteStream } from 'node:tty';

/** Whether a stream is a terminal on which a line can be drawn anew: some say that they have no columns at all. */
export function isLive(stream: WriteStream): boolean {
  return stream.isTTY && stream.columns > 0 && process.env.TERM !== 'dumb';
}

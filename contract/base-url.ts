/** The prefix of every request URL: normalized, without a trailing slash. */
export function baseUrlOf(apiUrl: string): string {
  const { href } = new URL(apiUrl);
  let end = href.length;
  while (href[end - 1] === '/') end--;
  return href.slice(0, end);
}

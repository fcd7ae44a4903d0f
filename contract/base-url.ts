/** The URL as requests begin with it: normalised, without a slash at its end. */
export function baseUrlOf(apiUrl: string): string {
  const { href } = new URL(apiUrl);
  let end = href.length;
  while (href[end - 1] === '/') end--;
  return href.slice(0, end);
}

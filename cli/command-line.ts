/** A command to type, in a clone or where the package is installed. */
export function commandLine(...words: readonly string[]): string {
  return ['npx nested-conversation', ...words.map(quoted)].join(' ');
}

/** Quotes a word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

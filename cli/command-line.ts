/** A command as a person can type it, in a clone and where the package is installed. */
export function commandLine(...words: readonly string[]): string {
  return ['npx nested-conversation', ...words.map(quoted)].join(' ');
}

/** As a POSIX shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

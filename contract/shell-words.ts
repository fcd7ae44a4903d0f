/** The parts of a command line. In double quotes, a backslash escapes only a double quote or a backslash. */
const part =
  /(?<space>[ \t\r\n]+)|(?<plain>[^ \t\r\n'"\\]+)|'(?<raw>[^']*)'|"(?<quoted>(?:[^"\\]|\\.)*)"|\\(?<escaped>.)/gsy;

/**
 * The words of a command line, split like Python's `shlex.split`: no expansion, no comments, a line break is white
 * space. Undefined if a quote is not closed or the text ends with a backslash.
 */
export function shellWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let end = 0;
  for (const { 0: match, groups = {} } of text.matchAll(part)) {
    end += match.length;
    const { space, plain, raw, quoted, escaped } = groups;
    if (space === undefined) {
      word = `${word ?? ''}${plain ?? raw ?? escaped ?? quoted?.replace(/\\(["\\])/g, '$1')}`;
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (end < text.length) return undefined;
  return word === undefined ? words : [...words, word];
}

/** HTML's names for ASCII signs, and for Western European letters that are not an accented ASCII letter. */
const names: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', Tab: '\t', NewLine: '\n' },
  ...{ excl: '!', num: '#', dollar: '$', percnt: '%', lpar: '(', rpar: ')', ast: '*', plus: '+', comma: ',' },
  ...{ period: '.', sol: '/', colon: ':', semi: ';', equals: '=', quest: '?', commat: '@', lsqb: '[', lbrack: '[' },
  ...{ bsol: '\\', rsqb: ']', rbrack: ']', Hat: '^', lowbar: '_', grave: '`', lcub: '{', lbrace: '{', verbar: '|' },
  ...{ vert: '|', rcub: '}', rbrace: '}', hyphen: '-', dash: '-' },
  ...{ szlig: 'ß', aelig: 'æ', AElig: 'Æ', eth: 'ð', ETH: 'Ð', thorn: 'þ', THORN: 'Þ', oslash: 'ø', Oslash: 'Ø' },
  ...{ sect: '§', euro: '€', pound: '£', yen: '¥', copy: '©', reg: '®', deg: '°', micro: 'µ', para: '¶', middot: '·' },
};

/** Accents are ignored when texts are compared: see `canonical.ts`. */
const accented = /^([A-Za-z])(?:uml|acute|grave|circ|tilde|cedil|ring|caron)$/;

/** The text of a named HTML entity. An unknown name is returned unchanged. */
export function htmlEntity(written: string): string {
  const name = written.slice(1, -1);
  return names[name] ?? accented.exec(name)?.[1] ?? written;
}

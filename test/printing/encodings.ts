/** Encodings in which a server, a library or a shell can write a text. */
export const encodings: readonly [name: string, encode: (text: string) => string][] = [
  ['unchanged', (text) => text],
  ['in JSON', (text) => JSON.stringify(text)],
  ['in JSON in JSON', (text) => JSON.stringify(JSON.stringify({ a: text }))],
  ['in JSON in JSON in JSON', (text) => JSON.stringify(JSON.stringify(JSON.stringify(text)))],
  ['in JSON of ASCII', (text) => ascii(text, (unit) => `\\u${hex(unit, 4)}`)],
  ['in JSON of ASCII in capitals', (text) => ascii(text, (unit) => `\\u${hex(unit, 4).toUpperCase()}`)],
  ['in JSON with escaped slashes', (text) => JSON.stringify(text).replaceAll('/', '\\/')],
  ['in a URL', (text) => encodeURIComponent(text)],
  ['in a URL in lower case', (text) => encodeURIComponent(text).replace(/%../g, (byte) => byte.toLowerCase())],
  ['in a URL twice', (text) => encodeURIComponent(encodeURIComponent(text))],
  ['in a form', (text) => new URLSearchParams({ a: text }).toString().slice(2)],
  ['in a URL, every byte', (text) => [...Buffer.from(text)].map((byte) => `%${hex(byte, 2)}`).join('')],
  ['in HTML', (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)],
  ['in HTML with names', (text) => text.replace(/[&<>"]/g, (sign) => htmlNames[sign] ?? sign)],
  ['in HTML with all names', (text) => text.replace(/[&<>"'§ü/+]/g, (sign) => htmlNames[sign] ?? sign)],
  ['in HTML in hex', (text) => [...text].map((sign) => `&#x${hex(sign.codePointAt(0) ?? 0, 1)};`).join('')],
  ['in Python', (text) => `'${text.replace(/[\\']/g, '\\$&').replace(/[\n\t\r]/g, (sign) => pythons[sign] ?? sign)}'`],
  ['in Python of ASCII', (text) => ascii(text, python)],
  ['in octal', (text) => [...Buffer.from(text)].map(octal).join('')],
  ['in Python bytes', (text) => `b'${[...Buffer.from(text)].map(pythonByte).join('')}'`],
  ['with its white space folded', (text) => text.replace(/\s+/g, ' ')],
  ['without its white space', (text) => text.replace(/\s+/g, '')],
  ['broken into lines', (text) => text.replace(/.{7}/g, '$&\n  ')],
  ['with decomposed accents', (text) => text.normalize('NFD')],
  ['in capitals', (text) => text.toUpperCase()],
  ['in base64', (text) => Buffer.from(text).toString('base64')],
  ['in base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
  ['in base64 after other bytes', (text) => Buffer.from(`ab${text}`).toString('base64')],
  ['in base64 between other bytes', (text) => Buffer.from(`a: ${text}!`).toString('base64')],
  ['in base64 in a URL', (text) => encodeURIComponent(Buffer.from(text).toString('base64'))],
  ['in base64 broken into lines', (text) => Buffer.from(text).toString('base64').replace(/.{16}/g, '$&\r\n')],
  ['in base64 of JSON', (text) => Buffer.from(JSON.stringify({ a: text })).toString('base64')],
  ['in hex', (text) => Buffer.from(text).toString('hex')],
  ['in hex with spaces', (text) => bytesOf(text).join(' ')],
  ['in hex with colons', (text) => bytesOf(text).join(':').toUpperCase()],
  ['in hex with commas', (text) => bytesOf(text, '0x').join(', ')],
  [
    'in hex of words',
    (text) =>
      (
        Buffer.from(text)
          .toString('hex')
          .match(/.{1,4}/g) ?? []
      ).join(' '),
  ],
  ['with a colour in it', (text) => `${text.slice(0, 5)}\u001b[31m${text.slice(5)}`],
  ['with invisible marks in it', (text) => [...text].join('\u200b')],
];

const htmlNames: Record<string, string> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' },
  ...{ "'": '&apos;', '§': '&sect;', ü: '&uuml;', '/': '&sol;', '+': '&plus;' },
};
const pythons: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function bytesOf(text: string, before = ''): string[] {
  return [...Buffer.from(text)].map((byte) => before + hex(byte, 2));
}

/** Git's notation of a path. */
function octal(byte: number): string {
  return byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
}

function ascii(text: string, write: (unit: number) => string): string {
  const quoted = JSON.stringify(text).slice(1, -1);
  return quoted.replace(/[^\x20-\x7e]/g, (unit) => write(unit.charCodeAt(0)));
}

function python(unit: number): string {
  return unit < 256 ? `\\x${hex(unit, 2)}` : `\\u${hex(unit, 4)}`;
}

function pythonByte(byte: number): string {
  if (byte === 0x5c || byte === 0x27) return `\\${String.fromCharCode(byte)}`;
  return byte < 0x20 || byte > 0x7e ? `\\x${hex(byte, 2)}` : String.fromCharCode(byte);
}

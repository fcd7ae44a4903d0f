import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseInput } from '../../contract/input.js';
import { printable, printableValue } from '../../contract/printing/printable.js';
import { cpuGrowth } from '../harness/cpu-growth.js';
import { encodings } from './encodings.js';
import { planted } from './secret-fields.js';

const cuts: readonly [name: string, cut: (text: string) => string][] = [
  ['whole', (text) => text],
  ['cut at its end', (text) => text.slice(0, -Math.ceil(text.length / 4))],
  ['cut at its beginning', (text) => text.slice(Math.ceil(text.length / 4))],
  ['cut at both ends', (text) => text.slice(Math.ceil(text.length / 5), -Math.ceil(text.length / 5))],
];

const before = 'it said: ';
const after = ' ¦ no more';

/**
 * How many characters of a text between two others are left after masking. White space does not count, nor do
 * characters that every encoding keeps.
 */
function leftOver(text: string, input: unknown): string {
  const masked = printable(before + text + after, { secretsOf: input });
  assert(masked.startsWith(before) && masked.endsWith(after), masked);
  return masked
    .slice(before.length, -after.length)
    .replaceAll('%25', '%')
    .replace(/%20|\\[nrt]|&#x?[0a-d]+;/gi, '')
    .replace(/%[\da-f]{2}|&#x?[\da-f]+;|\\+u[\da-f]{4}|\\+x[\da-f]{2}/gi, '?')
    .replace(/\*\*\*|[\s"'`\\+{}:ab\ufffd]/g, '');
}

/** Fewer than a recognized part has, at either end. In bytes, like escapes. */
const atMost = 14;

test('the inputs of the corpus are valid and have more than sixty secrets', () => {
  for (const { input } of planted) assert('conversation' in parseInput(input), JSON.stringify(parseInput(input)));
  assert(planted.flatMap(({ secrets }) => secrets).length >= 60);
});

describe('nothing is printed of a secret', () => {
  for (const { server, input, secrets } of planted) {
    for (const [encoding, encode] of encodings) {
      test(`${encoding}, whole or cut: ${server}`, () => {
        for (const { field, secret } of secrets) {
          for (const [name, cut] of cuts) {
            const left = leftOver(cut(encode(secret)), input);
            assert(left.length <= atMost, `${field}, ${name}: '${left}' of '${cut(encode(secret))}'`);
          }
        }
      });
    }
  }

  test('of any kind in any two encodings, cut anywhere', () => {
    const encoding = fc.constantFrom(
      ...encodings.filter(([name]) => name !== 'in capitals').map(([, encode]) => encode),
    );
    // Not only white space, and long enough that a cut leaves some of it.
    const secret = fc.string({ unit: 'grapheme', minLength: 40, maxLength: 200 }).filter((text) => /\S{30}/.test(text));
    fc.assert(
      fc.property(secret, encoding, fc.nat(10), fc.nat(10), (content, encode, fromStart, fromEnd) => {
        const input = { initialUserMsg: { content } };
        const written = encode(content.toWellFormed());
        const left = leftOver(written.slice(fromStart, written.length - fromEnd), input);
        // A character has up to four bytes.
        assert(left.length <= 4 * atMost, `'${left}' of '${written}'`);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a text that looks like a token is hidden:', () => {
  const random = 'Ab3dEf6hIj9lMn2pQr5tUv8xYz1bCd4f';
  const tokens: Record<string, string> = {
    'an access key of AWS': 'AKIAIOSFODNN7EXAMPLE',
    'a temporary key of AWS': 'ASIAIOSFODNN7EXAMPLE',
    'an API key of Google': `AIza${random}`,
    'an access token of Google': `ya29.${random}`,
    'a client secret of Google': `GOCSPX-${random}`,
    ...Object.fromEntries([...'oprsu'].map((kind) => [`gh${kind}_ of GitHub`, `gh${kind}_${random}`])),
    'a fine-grained token of GitHub': `github_pat_${random}_${random}`,
    'a token of GitLab': `glpat-${random}`,
    'a token of a GitLab runner': `glrt-${random}`,
    'a bot token of Slack': `xoxb-123456789012-${random}`,
    'a user token of Slack': `xoxp-123456789012-${random}`,
    'an app token of Slack': `xapp-1-${random}`,
    'a token of Hugging Face': `hf_${random}`,
    'a token of npm': `npm_${random}`,
    'an API key of OpenAI': `sk-${random}`,
    'an API key of an OpenAI project': `sk-proj-${random}-${random}`,
    'an API key of Anthropic': `sk-ant-api03-${random}`,
    'an API key of Groq': `gsk_${random}`,
    'a JSON Web Token': `eyJ${random}.eyJ${random}.${random}`,
    'half of a JSON Web Token': `eyJ${random}`,
    'a private key': `-----BEGIN RSA PRIVATE KEY-----\n${random}\n${random}\n-----END RSA PRIVATE KEY-----`,
  };
  for (const [name, token] of Object.entries(tokens)) {
    test(name, () => {
      for (const [encoding, encode] of encodings) {
        if (encoding === 'in capitals' || encoding === 'in lines') continue;
        const masked = printable(`a: ${encode(token)} b`);
        assert(!masked.includes(random.slice(2, 10)), `${encoding}: ${masked}`);
      }
      assert.equal(printable(`a: ${token} b`), 'a: *** b');
    });
  }

  test('the text after Bearer and Basic', () => {
    assert.equal(printable('Authorization: Bearer abcdef123, x'), 'Authorization: Bearer ***, x');
    assert.equal(printable('authorization: basic YWJjOmRlZg== x'), 'authorization: basic *** x');
  });

  test('a credential in a URL', () => {
    assert.equal(
      printable('see http://ada:pw@h/?access_token=abc&x=1 and https://h/?API_KEY=def !'),
      'see http://***@h/?access_token=***&x=1 and https://h/?API_KEY=*** !',
    );
  });

  test('but ordinary words are not', () => {
    for (const text of ['a task-force, risk-averse', 'the Bearer of', 'npm_config', 'it is basic']) {
      assert.equal(printable(text), text);
    }
  });
});

describe('printable text', () => {
  test('is one line without control characters, escapes and direction marks', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const masked = printable(text);
        assert.doesNotMatch(masked, /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        assert(masked.isWellFormed());
      }),
    );
    assert.equal(printable('a\r\n\tb \u001b[2Jc \u009b31m \u202ed\u2066'), 'a b \ufffd[2Jc \ufffd31m \ufffdd\ufffd');
  });

  test('is bounded in bytes of JSON', () => {
    for (const sign of ['x', '"', '\u0001', '😀']) {
      const masked = printable(sign.repeat(100_000), { maximumBytes: 100 });
      assert(Buffer.byteLength(JSON.stringify(masked)) <= 102);
      assert(masked.endsWith('…'));
    }
  });

  test('keeps fields that are not secret, and our own words', () => {
    const input = {
      apiUrl: 'http://runtime-conv123.example.com:8080',
      sid: 'conversation-4711',
      userId: 'ada.lovelace',
      settings: {
        repository: 'octo-org/cat-pictures',
        mcpConfig: { sse_servers: ['http://runtime-conv123.example.com:8080/tools/9f8e7d6c5b4a'] },
      },
      initialUserMsg: { content: 'See why the connection was reset, and the conversation is unreachable' },
    };
    const message =
      'POST http://runtime-conv123.example.com:8080/api/conversations: connection reset (ECONNRESET) for ' +
      'conversation-4711 of ada.lovelace on octo-org/cat-pictures';
    assert.equal(printable(message, { secretsOf: input }), message);
    const masked = printable('GET http://runtime-conv123.example.com:8080/tools/9f8e7d6c5b4a', { secretsOf: input });
    assert.match(masked, /^GET http:\/\/runtime-conv123\.example\.[com:80]*\*\*\*$/);
  });

  test('contains nothing of the credentials of a repository', () => {
    const input = { settings: { repository: 'https://oauth2:gh0st-t0k3n@git.example.com/a/b' } };
    assert.doesNotMatch(printable('cloning a/b with gh0st-t0k3n', { secretsOf: input }), /gh0st/);
  });

  test('of a value covers each text in it, up to a limit', () => {
    const input = { initialUserMsg: { content: 'a secret of some length' } };
    const value = {
      list: Array.from({ length: 100 }, () => 'of some length'),
      deep: { a: { b: { c: { d: { e: 1 } } } } },
      'a secret of some length': 7,
      number: 7,
      nothing: null,
    };
    assert.deepEqual(printableValue(value, { secretsOf: input }), {
      list: Array.from({ length: 20 }, () => '***'),
      deep: { a: { b: { c: { d: '…' } } } },
      '***': 7,
      number: 7,
      nothing: null,
    });
  });
});

describe('the CPU time', () => {
  const megabytes = (count: number, unit: string) => unit.repeat((count * 1024 * 1024) / unit.length);
  const awkward: [name: string, text: string][] = [
    ['slashes', '/'],
    ['backslashes', '\\'],
    ['percent signs', '%'],
    ['escapes', '\\u005c'],
    ['entities', '&#38;'],
    ['ampersands', '&'],
    ['dashes', '-----BEGIN '],
    ['beginnings of tokens', 'eyJ-'],
    ['beginnings of URLs', '://a'],
    ['queries', '?key='],
    ['letters', 'a'],
    ['white space', ' \n'],
    ['base64', 'QUJD'],
    ['hex', '41'],
    ['surrogates', '\ud83d'],
    ['colours', '\u001b['],
  ].map(([name = '', unit = '']) => [name, megabytes(2, unit)]);

  /** Measured in terms of JSON.parse at the same time, because seconds depend on the machine's other load. */
  const timeOf = (work: () => unknown) => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  const reference = JSON.stringify(
    Array.from({ length: 200_000 }, (_, index) => ({ index, text: 'a text of a kind' })),
  );

  for (const [name, text] of awkward) {
    test(`for 2 MB of ${name} is bounded, as a secret, as an input and as the printed text`, () => {
      const parse = timeOf(() => JSON.parse(reference));
      const input = { apiUrl: text, sid: text, settings: { mcpConfig: { [text]: [text] } }, client: { timeout: text } };
      const spent = timeOf(() => {
        parseInput(input);
        printable(text, { secretsOf: { initialUserMsg: { content: text } } });
        printable('a few words of a server', { secretsOf: { initialUserMsg: { content: text } } });
      });
      assert(spent < 40 * parse + 1_000_000, `${spent} µs, where JSON.parse takes ${parse}`);
    });
  }
});

describe('CPU time is proportional to the size of', () => {
  test('a secret of combining marks', () => {
    const marks = (size: number) => `a${'\u0301\u0316'.repeat(size)}`;
    assert(cpuGrowth((size) => printable('x', { secretsOf: { x: marks(size) } }), 20_000) < 50);
  });

  test('thousands of short secrets', () => {
    const text = 'a'.repeat(8_000);
    const secrets = (count: number) => Array.from({ length: count / 10 }, (_, index) => `aa${10_000 + index}`);
    assert(cpuGrowth((size) => printable(text, { secretsOf: secrets(size) }), 20_000) < 50);
  });
});

test('a Greek word is hidden in any case, even with both forms of sigma', () => {
  assert.equal(printable('said ΚΩΔΙΚΌΣ!', { secretsOf: { x: 'ΚΩΔΙΚΌΣ' } }), 'said ***!');
  assert.equal(printable('said ΛΌΓΟΣ-ΛΆΘΟΣ', { secretsOf: { x: 'λόγος-λάθος' } }), 'said ***');
});

test('the credentials of a repository are hidden, with or without a scheme', () => {
  for (const repository of ['oauth2:s3cretpassw0rd@gitlab.com/o/r', 'https://u:s3cret/passw0rd@gitlab.com/o/r']) {
    assert.doesNotMatch(printable(`cloned ${repository}`, { secretsOf: { settings: { repository } } }), /passw0rd/);
  }
});

test('punctuation in a secret counts as part of it', () => {
  for (const secret of [`a+b"c'd+e`, String.raw`p\\a\\"b'+'`, `"'"'+"'"'`]) {
    for (const [name, encode] of encodings.filter(([encoding]) => !encoding.includes('white space'))) {
      const masked = printable(`said ${encode(`xx${secret}yy`)} here`, { secretsOf: { x: `1${secret}2` } });
      assert(masked.includes('***') && !masked.includes(secret), `${name}: ${masked}`);
    }
  }
});

describe('a secret of six or seven characters is hidden as a whole,', () => {
  const inCapitals = (name: string) => name === 'in capitals';
  for (const secret of ['s3cr3t', 'pa55wd!', 'a1 b2 c', `z"9'+k`]) {
    test(`in any encoding: ${secret}`, () => {
      for (const [name, encode] of encodings.filter(([encoding]) => !inCapitals(encoding))) {
        const masked = printable(`said ${encode(secret)} here`, { secretsOf: { x: secret } });
        // In a text with white space, this is a recognized part.
        if (/white space/.test(name) && /\s/.test(secret)) continue;
        // Punctuation, and what an encoding adds around the text.
        assert.equal(
          masked.replace(/^said| here$|%3D|\[31m|[\s"\\{}:=!'+&;ab\ufffd]/g, ''),
          '***',
          `${name}: ${masked}`,
        );
      }
    });
  }

  test('inside the arguments or the environment of an MCP server that is one text', () => {
    const server = { name: 'tool', command: 'tool', args: '--token "s3cr3t"', env: 'A=1,TOKEN=k3y-123' };
    const secretsOf = { settings: { mcpConfig: { stdio_servers: [server] } } };
    assert.equal(printable('said s3cr3t and k3y-123 here', { secretsOf }), 'said *** and *** here');
  });

  const places: [place: string, settings: object][] = [
    ['a bearer header', { headers: { Authorization: 'Bearer s3cr3t' } }],
    ['a basic header', { headers: { Authorization: `Basic ${Buffer.from('ada:s3cr3t').toString('base64')}` } }],
    ['a cookie', { headers: { Cookie: 'theme=dark; session=s3cr3t' } }],
    ["a URL's password", { url: 'https://ada:s3cr3t@host/mcp' }],
    ["a URL's query", { url: 'https://host/mcp?tag=1&key=s3cr3t' }],
    ["a URL's fragment", { url: 'https://host/mcp#s3cr3t' }],
    ['an argument', { args: ['--token=s3cr3t'] }],
    ['an argument with a header', { args: ['--header', 'Authorization: Bearer s3cr3t'] }],
    ['arguments that are one text', { args: '--token="s3cr3t" -v' }],
    ['a variable', { env: { DB: 'postgres://ada:s3cr3t@db/main' } }],
    ['an argument with a variable', { args: ['-e', 'TOKEN=s3cr3t'] }],
    ['an argument with a header of its own', { args: 'x --header "X-Api-Key: s3cr3t"' }],
    ['a header with a scheme of its own', { headers: { Authorization: 'token s3cr3t' } }],
  ];
  for (const [place, settings] of places) {
    test(`inside ${place}`, () => assert.equal(printable('said s3cr3t', { secretsOf: { settings } }), 'said ***'));
  }

  test("while the words of a message are not taken for a header's", () => {
    const secretsOf = { initialUserMsg: { content: 'Basic access: broken' } };
    assert.equal(printable('no access, it is broken', { secretsOf }), 'no access, it is broken');
  });

  test('while a shorter secret or a part of it is not hidden', () => {
    assert.equal(printable('said s3cr3 here', { secretsOf: { x: 's3cr3', y: 's3cr3t' } }), 'said s3cr3 here');
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Destination, parseEgressPolicy } from '../../egress/egress-policy.js';

/** A destination as `host:port`, and the address of its host name. */
type To = [host: string, address?: string];

function destination([host, address]: To): Destination {
  const { hostname, port } = new URL(`http://${host}`);
  return {
    hostname: hostname.replace(/^\[(.+)\]$/, '$1'),
    port: Number(port || 80),
    ...(address !== undefined && { address }),
  };
}

const name = 'runtime-1.example.com';

describe('the rules of NESTED_SERVER_ALLOW', () => {
  const rows: [allow: string, allowed: To[], refused: To[]][] = [
    ['', [[name, '10.0.0.1'], ['127.0.0.1'], ['[::1]:8080']], []],
    [
      name,
      [
        [name, '10.0.0.1'],
        [`${name}:8080`, '::1'],
      ],
      [['runtime-2.example.com', '10.0.0.1'], ['10.0.0.1']],
    ],
    [
      'Runtime-1.EXAMPLE.com.',
      [
        [name, '10.0.0.1'],
        ['RUNTIME-1.example.com.', '10.0.0.1'],
      ],
      [],
    ],
    ['localhost', [['localhost', '::1']], [['127.0.0.1'], ['localhost.example.com', '127.0.0.1']]],
    [
      'münchen.de',
      [
        ['xn--mnchen-3ya.de', '10.0.0.1'],
        ['münchen.de', '10.0.0.1'],
      ],
      [],
    ],
    [
      '*.example.com',
      [
        [name, '10.0.0.1'],
        ['a.b.example.com', '10.0.0.1'],
      ],
      [
        ['example.com', '10.0.0.1'],
        ['aexample.com', '10.0.0.1'],
        ['a.example.com.evil.org', '10.0.0.1'],
        ['a.exampleXcom', '10.0.0.1'],
      ],
    ],
    [
      'runtime-*.example.com',
      [
        [name, '10.0.0.1'],
        ['runtime-.example.com', '10.0.0.1'],
      ],
      [
        ['runtime-1.evil.example.com', '10.0.0.1'],
        ['a.runtime-1.example.com', '10.0.0.1'],
      ],
    ],
    ['a.*.com', [['a.b.com', '10.0.0.1']], [['a.b.c.com', '10.0.0.1']]],
    [
      '*',
      [
        [name, '10.0.0.1'],
        ['localhost', '::1'],
      ],
      [['10.0.0.1'], ['[::1]']],
    ],
    ['10.1.2.3', [['10.1.2.3:8080'], [name, '10.1.2.3']], [['10.1.2.4'], [name, '10.1.2.4']]],
    [
      '10.0.0.0/8',
      [[name, '10.9.9.9'], ['0x0a.1']],
      [
        [name, '11.0.0.1'],
        [name, '64:ff9b::10.0.0.1'],
      ],
    ],
    ['10.0.0.0/8', [['[::ffff:10.0.0.1]'], [name, '::ffff:10.0.0.1']], [['[::ffff:11.0.0.1]']]],
    ['0.0.0.0/0', [[name, '10.0.0.1']], [[name, '::1']]],
    ['::/0', [[name, '::1']], [[name, '10.0.0.1'], ['[::ffff:10.0.0.1]']]],
    ['fd00::/8', [['[fd00::1]:8080'], [name, 'fd12::1']], [['[fe00::1]'], [name, '10.0.0.1']]],
    ['[fd00::1]', [['[fd00::1]']], [['[fd00::2]']]],
    ['::ffff:10.0.0.0/104', [[name, '10.0.0.1']], [[name, '11.0.0.1']]],
    ['10.0.0.0/8:8080', [['10.0.0.1:8080']], [['10.0.0.1'], ['10.0.0.1:8081']]],
    ['[fd00::/8]:8080', [['[fd00::1]:8080']], [['[fd00::1]']]],
    ['*.example.com:80', [[name, '10.0.0.1']], [[`${name}:8080`, '10.0.0.1']]],
    [
      `${name}:80 , 10.0.0.0/8:8080`,
      [
        [name, '1.1.1.1'],
        [`${name}:8080`, '10.0.0.1'],
      ],
      [[`${name}:8080`, '1.1.1.1'], ['10.0.0.1']],
    ],
  ];
  for (const [allow, allowed, refused] of rows) {
    const policy = parseEgressPolicy(allow);
    for (const to of allowed) {
      test(`'${allow}' allow ${to.join(' at ')}`, () => assert.equal(policy(destination(to)), undefined));
    }
    for (const to of refused) {
      test(`'${allow}' do not allow ${to.join(' at ')}`, () => {
        assert.match(
          policy(destination(to)) ?? '',
          /^no rule of NESTED_SERVER_ALLOW allows \S+( \(\S+\))? on port \d+$/,
        );
      });
    }
  }

  test('do not reveal the address of a host name', () => {
    const refusal = parseEgressPolicy('10.0.0.0/8')(destination([name, '192.168.7.7']));
    assert.equal(refusal, `no rule of NESTED_SERVER_ALLOW allows ${name} on port 80`);
  });

  test('do not decide about a host name before it is resolved', () => {
    assert.equal(parseEgressPolicy('10.0.0.0/8')(destination([name])), undefined);
  });
});

describe('no rule can allow', () => {
  const everything = parseEgressPolicy('*, 0.0.0.0/0, ::/0, 169.254.169.254, metadata.google.internal');
  const reserved: [what: string, ...addresses: string[]][] = [
    ['link-local', '169.254.169.254', '169.254.0.1', '169.254.255.255', 'fe80::1', 'febf::1', 'fe80::1%eth0'],
    ['link-local', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '::169.254.169.254', '::ffff:0:169.254.169.254'],
    ['a local-use NAT64 address', '64:ff9b:1::a9fe:a9fe', '64:ff9b:1:fffe::a9fe:a9fe'],
    ['link-local', '64:ff9b::169.254.169.254', '2002:a9fe:a9fe::1', '2002:a9fe:1:2::'],
    ['a metadata address of AWS', 'fd00:ec2::254', 'fd00:ec2::23'],
    ['a metadata address of Google Cloud', 'fd20:ce::254'],
    ['a metadata address of Azure', '168.63.129.16', '::ffff:168.63.129.16', '2002:a83f:8110::1'],
    ['a metadata address of Oracle Cloud', '192.0.0.192', 'fd00:c1::a9fe:a9fe'],
    ['a metadata address of Alibaba Cloud', '100.100.100.200', 'fd00:100::100:200', '64:ff9b::6464:64c8'],
    ['a metadata address of Scaleway', 'fd00:42::42'],
    ['a metadata address of Akamai', 'fd00:a9fe:a9fe::1'],
  ];
  for (const [what, ...addresses] of reserved) {
    for (const address of addresses) {
      test(`${address}: ${what}`, () => {
        const cannot = 'which no rule of NESTED_SERVER_ALLOW can allow';
        assert.equal(everything({ hostname: address, port: 80 }), `${address} is ${what}, ${cannot}`);
        // The message does not reveal the address of a name.
        assert.equal(everything(destination([name, address])), `${name} leads to an address, ${cannot}`);
      });
    }
  }

  for (const host of ['169.254.169.254', '0xa9.0xfe.43518', '2852039166', '169.254.169.254.', '[::ffff:a9fe:a9fe]']) {
    test(`${host} as a host`, () => {
      assert.match(everything(destination([host])) ?? '', /^\S+ is link-local, which no rule .* can allow$/);
    });
  }

  for (const host of ['metadata.google.internal', 'Metadata.Google.Internal.', 'metadata', 'instance-data']) {
    test(`${host}, whatever its address`, () => {
      assert.match(
        everything(destination([host])) ?? '',
        /is the metadata server of a cloud, which no rule .* can allow$/,
      );
    });
  }

  for (const address of [
    '169.253.255.255',
    '169.255.0.0',
    'fec0::1',
    'fd00:ec3::1',
    '2002:a9ff::1',
    '100.100.100.201',
  ]) {
    test(`but rules can allow similar addresses, such as ${address}`, () => {
      assert.equal(everything(destination([name, address])), undefined);
    });
  }
});

const isNoRule = (rule: string) => (error: unknown) =>
  error instanceof SyntaxError && error.message.startsWith(`'${rule}' is no rule: write a host (`);

describe('an invalid rule is reported:', () => {
  const malformed = [
    ...[
      'http://a.example.com',
      'a.example.com/path',
      'a?b',
      'a#b',
      'a\\b',
      'a%62',
      'user@a.example.com',
      'a b',
      'a..b',
      '.example.com',
      ':80',
    ],
    ...[
      '10.0.0.0/33',
      '10.0.0.256',
      '10.0',
      '0x7f.1',
      '127.0.0.1.',
      '*.0.0.1',
      'fd00::/129',
      '[fd00::1',
      'fe80::1%eth0',
    ],
    ...['a:0', 'a:65536', 'a:http', '10.0.0.0/8:', '10.0.0.0:80/8', '[a]:80'],
  ];
  for (const rule of malformed) {
    test(rule, () => {
      assert.throws(() => parseEgressPolicy(`10.0.0.0/8,${rule}`), isNoRule(rule));
    });
  }

  test('an empty one', () => {
    assert.throws(() => parseEgressPolicy('10.0.0.0/8,'), isNoRule(''));
  });
});

import { parseSubnet, type Subnet, within } from './subnets.js';

/** What hands out credentials to whoever asks from inside. Most clouds' metadata servers are link-local; these are not. */
const reserved: Readonly<Record<string, readonly string[]>> = {
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  // A network's own prefix within it, and so where the IPv4 address is, can't be known.
  'a local-use NAT64 address': ['64:ff9b:1::/48'],
  'a metadata address of AWS': ['fd00:ec2::/32'],
  'a metadata address of Google Cloud': ['fd20:ce::254'],
  'a metadata address of Azure': ['168.63.129.16'],
  'a metadata address of Oracle Cloud': ['192.0.0.192', 'fd00:c1::a9fe:a9fe'],
  'a metadata address of Alibaba Cloud': ['100.100.100.200', 'fd00:100::100:200'],
  'a metadata address of Scaleway': ['fd00:42::42'],
  'a metadata address of Akamai': ['fd00:a9fe:a9fe::1'],
};

const ranges = Object.entries(reserved).map(([what, addresses]) => {
  const subnets = addresses.flatMap((address) => formsOf(parseSubnet(address) as Subnet));
  return { what, subnets, holds: within(subnets) };
});

/** One list in place of nine: nearly every request goes to an address that is in none. */
const isReserved = within(ranges.flatMap(({ subnets }) => subnets));

/** What an address is reserved for, so that no nested server can be there: `link-local`, for example. */
export function reservedFor(address: string): string | undefined {
  return isReserved(address) ? ranges.find(({ holds }) => holds(address))?.what : undefined;
}

/** For where the address is not known: a proxy looks it up. */
export const metadataHostNames: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** The subnet, and for IPv4 how IPv6 can carry it: compatible, translated, NAT64, 6to4. */
function formsOf({ network, prefix }: Subnet): Subnet[] {
  if (network.includes(':')) return [{ network, prefix }];
  const hex = Buffer.from(network.split('.').map(Number)).toString('hex');
  return [
    { network, prefix },
    ...['::', '::ffff:0:', '64:ff9b::'].map((before) => ({
      network: before + network,
      prefix: 96 + prefix,
    })),
    { network: `2002:${hex.slice(0, 4)}:${hex.slice(4)}::`, prefix: 16 + prefix },
  ];
}

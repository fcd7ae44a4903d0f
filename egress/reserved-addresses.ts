import { parseSubnet, type Subnet, within } from './subnets.js';

/**
 * Addresses that give credentials to anybody inside a network. Most clouds' metadata servers are link-local; these are
 * not.
 */
const reserved: Readonly<Record<string, readonly string[]>> = {
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  // Each network chooses its prefix within this range, so the position of the IPv4 address is unknown.
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

/** A single list of all ranges: nearly every request goes to an address in none of them. */
const isReserved = within(ranges.flatMap(({ subnets }) => subnets));

/** What the address is reserved for, e.g. `link-local`; `undefined` if a nested server may have it. */
export function reservedFor(address: string): string | undefined {
  return isReserved(address) ? ranges.find(({ holds }) => holds(address))?.what : undefined;
}

/** Used when the address is unknown because a proxy resolves the name. */
export const metadataHostNames: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** The subnet, and for IPv4 its IPv6 forms: compatible, translated, NAT64, 6to4. */
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

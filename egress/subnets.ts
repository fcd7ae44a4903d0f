import { BlockList, isIP } from 'node:net';

export interface Subnet {
  readonly network: string;
  /** Prefix length in bits. */
  readonly prefix: number;
}

/** An address (a subnet with one address) or a CIDR; `undefined` if the text is neither. */
export function parseSubnet(text: string): Subnet | undefined {
  const [, network = '', prefix] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(network);
  const bits = family === 4 ? 32 : 128;
  const subnet = { network, prefix: prefix === undefined ? bits : Number(prefix) };
  return family !== 0 && subnet.prefix <= bits ? subnet : undefined;
}

/**
 * A test for addresses, including IPv4-mapped ones. As in a BlockList, an IPv4 address also counts as an IPv6 address.
 */
export function within(subnets: readonly Subnet[]): (address: string) => boolean {
  const list = new BlockList();
  for (const { network, prefix } of subnets) list.addSubnet(network, prefix, familyOf(network));
  return (address) => list.check(address, familyOf(address));
}

/** Whether a connection to this address uses IPv4. */
export const isOverIPv4 = within([{ network: '::ffff:0:0', prefix: 96 }]);

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

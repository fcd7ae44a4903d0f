import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { metadataHostNames, reservedFor } from './reserved-addresses.js';
import { isOverIPv4, parseSubnet, within } from './subnets.js';

/** The destination of a request. */
export interface Destination {
  /** As in a URL: lower case and ASCII. An IPv6 address has no brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The address that the host name resolved to. Absent before it is resolved. */
  readonly address?: string;
}

/** Returns why a request must not be sent to a destination; `undefined` if it may, as far as known. */
export type EgressPolicy = (destination: Destination) => string | undefined;

/**
 * The policy in `NESTED_SERVER_ALLOW`: rules separated by commas, of which one must match. Without rules, everything is
 * allowed. Link-local addresses and the metadata servers of clouds are never allowed, whatever the rules.
 *
 * - `runtime-1.example.com`, `runtime-*.example.com`, `*.example.com` match the host name, whatever it resolves to. A
 *   `*` stands for a part of a label, and as the first label for any number of labels.
 * - `10.1.2.3`, `10.0.0.0/8`, `fd00::/8` match the address, whatever the host name.
 *
 * Each rule may end with a port: `*.example.com:8080`, `10.0.0.0/8:8080`, `[fd00::/8]:8080`.
 *
 * @throws SyntaxError that names the malformed rule and the fix
 */
export function parseEgressPolicy(allow = ''): EgressPolicy {
  const rules = allow === '' ? [anything] : allow.split(',').map((rule) => parseRule(rule.trim()));
  return ({ hostname, port, address = isIP(hostname) ? hostname : undefined }) => {
    const reserved = address === undefined ? metadataServer(hostname) : reservedFor(address);
    if (reserved) {
      // Callers don't need to know which address a name resolves to.
      const what = address === undefined || address === hostname ? `is ${reserved}` : 'leads to an address';
      return `${hostname} ${what}, which no rule of NESTED_SERVER_ALLOW can allow`;
    }
    if (address === undefined || rules.some((matches) => matches({ hostname, port, address }))) return undefined;
    return `no rule of NESTED_SERVER_ALLOW allows ${hostname} on port ${port}`;
  };
}

type Rule = (destination: Required<Destination>) => boolean;

const anything: Rule = () => true;

function parseRule(text: string): Rule {
  // In an IPv6 address without brackets, the last colon is not a port's.
  const [, host = text, port] = parseSubnet(text) ? [] : (/^(\[.+\]|[^:]*)(?::([1-9]\d*))?$/.exec(text) ?? []);
  const matchesHost = addressRule(host.replace(/^\[(.+)\]$/, '$1')) ?? nameRule(host);
  if (!matchesHost || Number(port) > 65_535) {
    throw new SyntaxError(
      `'${text}' is no rule: write a host (runtime-*.example.com), an address or a CIDR (10.0.0.0/8), ` +
        'and a port after a colon if it matters (IPv6 in brackets then: [fd00::/8]:8080)',
    );
  }
  return (destination) => (port === undefined || Number(port) === destination.port) && matchesHost(destination);
}

function addressRule(host: string): Rule | undefined {
  const subnet = parseSubnet(host);
  if (!subnet) return undefined;
  const isWithin = within([subnet]);
  // Without this, ::/0 would match every IPv4 address.
  return ({ address }) => isOverIPv4(address) === isOverIPv4(subnet.network) && isWithin(address);
}

function nameRule(host: string): Rule | undefined {
  // Given a URL, domainToASCII would use its host and ignore the rest.
  const name = /[%/\\?#]/.test(host) ? '' : withoutTrailingDot(domainToASCII(host));
  // An address in an unusual notation, such as 127.1, has been converted by now. The user should write it in full.
  if (isIP(name) || !/^[a-z\d_*-]+(\.[a-z\d_*-]+)*$/.test(name)) return undefined;
  const labels = name.split('.').map((label) => label.replaceAll('*', '[^.]*'));
  if (name.startsWith('*.') || name === '*') labels[0] = '.+';
  const pattern = new RegExp(`^${labels.join('\\.')}$`);
  return ({ hostname }) => !isIP(hostname) && pattern.test(withoutTrailingDot(hostname));
}

function metadataServer(hostname: string): string | undefined {
  return metadataHostNames.has(withoutTrailingDot(hostname)) ? 'the metadata server of a cloud' : undefined;
}

function withoutTrailingDot(hostname: string): string {
  return hostname.replace(/\.$/, '');
}

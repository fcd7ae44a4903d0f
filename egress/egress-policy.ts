import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { metadataHostNames, reservedFor } from './reserved-addresses.js';
import { isOverIPv4, parseSubnet, within } from './subnets.js';

/** Where a request is about to go. */
export interface Destination {
  /** As in a URL: lower case and ASCII; an IPv6 address without its brackets. */
  readonly hostname: string;
  readonly port: number;
  /** What the host name was looked up to; absent as long as it was not. */
  readonly address?: string;
}

/** Says why nothing may be sent to a destination; `undefined` where nothing speaks against it yet. */
export type EgressPolicy = (destination: Destination) => string | undefined;

/**
 * The policy that `NESTED_SERVER_ALLOW` states: rules, separated by commas, of which one has to match. Without a rule
 * everything is allowed, and whatever the rules neither a link-local address nor the metadata server of a cloud.
 *
 * - `runtime-1.example.com`, `runtime-*.example.com`, `*.example.com` match the host name, wherever it leads. A `*`
 *   stands for a part of a label, and as the first label for any number of labels.
 * - `10.1.2.3`, `10.0.0.0/8`, `fd00::/8` match the address, whatever the host name.
 *
 * Each may end with a port: `*.example.com:8080`, `10.0.0.0/8:8080`, `[fd00::/8]:8080`.
 *
 * @throws SyntaxError that names the malformed rule and the mend
 */
export function parseEgressPolicy(allow = ''): EgressPolicy {
  const rules = allow === '' ? [anything] : allow.split(',').map((rule) => parseRule(rule.trim()));
  return ({ hostname, port, address = isIP(hostname) ? hostname : undefined }) => {
    const reserved = address === undefined ? metadataServer(hostname) : reservedFor(address);
    if (reserved) {
      // What a name is looked up to is nothing that a caller has to know.
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
  // The last colon of an IPv6 address without brackets is its own.
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
  // Else ::/0 would hold every IPv4 address.
  return ({ address }) => isOverIPv4(address) === isOverIPv4(subnet.network) && isWithin(address);
}

function nameRule(host: string): Rule | undefined {
  // Of a URL domainToASCII would take the host, and leave out the rest.
  const name = /[%/\\?#]/.test(host) ? '' : withoutTrailingDot(domainToASCII(host));
  // An address in odd notation, such as 127.1, is one by now: better to write it as one.
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

import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Why an address may not be called, in words for an administrator. */
export type Refusal = string;

type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

/** Public addresses that are answered by a cloud's own metadata service. */
const METADATA_ADDRESSES = new Set(['168.63.129.16']);
const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address belongs to the public internet: unicast, and none of loopback, private, link-local, carrier NAT, metadata, reserved,
 * tunnelled (6to4, Teredo, NAT64) or IPv4-in-IPv6 forms of these.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast' || METADATA_ADDRESSES.has(address.toString())) return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST_V6);
}

/**
 * Keeps write-backs away from our own network (server-side request forgery).
 *
 * A destination is judged when it is stored (`check`) and again at every connection: `lookup` judges what the name resolves to in that very moment
 * and hands the connection nothing else, so a name that changes its address between the two gains nothing. A host written as an IP address never
 * passes a lookup, so `refuseUrl` judges it from the URL, in whatever notation it was written.
 */
export class DestinationGuard {
  constructor(
    private readonly options: { readonly allowPrivateDestinations: boolean },
    private readonly resolve: Resolve = resolveWithSystem,
  ) {}

  /** Judges the text of a URL; null = may be called, as far as the text says. */
  refuseUrl(text: string): Refusal | null {
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      return 'not a URL';
    }
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https://';
    if (url.username || url.password) return 'must not hold a user name or password';
    if (url.hash) return 'must not hold a fragment';
    if (this.options.allowPrivateDestinations) return null;
    if (url.protocol !== 'https:') return 'must begin with https://';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (ipaddr.isValid(host) && !isPublicAddress(host)) return 'points to an address that is not public';
    return null;
  }

  /**
   * Judges a URL and what its name resolves to now. A name that does not resolve yet passes: it is judged again at each connection.
   */
  async check(text: string): Promise<Refusal | null> {
    const refusal = this.refuseUrl(text);
    if (refusal !== null || this.options.allowPrivateDestinations) return refusal;
    const host = new URL(text).hostname.replace(/^\[|\]$/g, '');
    if (ipaddr.isValid(host)) return null;
    const addresses = await this.resolve(host).catch((): readonly LookupAddress[] => []);
    return addresses.every(({ address }) => isPublicAddress(address))
      ? null
      : 'points to an address that is not public';
  }

  /** The lookup of every outgoing connection; fails with code `EADDRREFUSED` when any address of the name is not public. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.resolve(host).then(
      (found) => {
        const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family;
        const fitting = family ? found.filter((entry) => entry.family === family) : found;
        const [first] = fitting;
        if (!first) return callback(failure('ENOTFOUND', 'the name has no address'), '', 0);
        if (!this.options.allowPrivateDestinations && !found.every(({ address }) => isPublicAddress(address))) {
          return callback(failure('EADDRREFUSED', 'the name points to an address that is not public'), '', 0);
        }
        return options.all ? callback(null, [...fitting]) : callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

function failure(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

function resolveWithSystem(host: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
}

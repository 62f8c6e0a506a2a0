/** Which network addresses are public, and a name lookup that gives no others. */

import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { BlockList, isIPv4 } from "node:net";
import { RetrieveError } from "../../../std/index.ts";

/** Not globally reachable: IANA's special-purpose registries (RFC 6890), multicast and reserved ranges. */
const special = new BlockList();
const ranges4: readonly [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];
for (const [net, prefix] of ranges4) special.addSubnet(net, prefix, "ipv4");
// Within 2000::/3: protocol assignments and Teredo, documentation, 6to4 (which embeds IPv4 addresses).
for (const [net, prefix] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  special.addSubnet(net, prefix, "ipv6");
}
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");

/** Whether an IP address is public: neither private, loopback, link-local, shared, documentation, multicast nor mapped. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, "ipv4");
  return globalUnicast.check(address, "ipv6") && !special.check(address, "ipv6");
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * As `dns.lookup`, for the `lookup` option of a request: a name with an address that is not public gives `not_allowed`.
 * The connection uses the very addresses that were checked, so a name cannot change its mind in between.
 */
export function lookupPublic(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const hidden = addresses.find(({ address }) => !isPublicAddress(address));
    if (hidden !== undefined) return callback(privateError(hostname, hidden.address), []);
    const [first] = addresses;
    if (options.all || first === undefined) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
}

function privateError(hostname: string, address: string): RetrieveError {
  return new RetrieveError(
    "not_allowed",
    `${hostname} is at ${address}, an address that is not public; to call it, allow the address itself and name it in the tool's server URL`,
  );
}
